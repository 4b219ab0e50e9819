/** Every bound of a conversation, with its reason. Times are in milliseconds. */

/** A message of the user, in characters. The model's context is far larger. */
export const MAX_MESSAGE = 32_000;

/** Messages of one session that may wait for their turn. */
export const MAX_WAITING = 10;

/** Turns that may wait for one sandbox: few enough to be read by every change of it. */
export const MAX_WAITING_AT = 100;

/**
 * Turns at once in one sandbox. The agent refuses more than 10 and runs well
 * with about as many as it has threads (CPUs + 4).
 */
export const MAX_RUNNING = 6;

/** A text row grows to this many characters, so each batch rewrites little. */
export const ROW_CHARS = 4_096;

/** What one turn may write, in characters, whatever the sandbox sends. */
export const TURN_CHARS = 256 * 1024;
export const MAX_PARTS = 500;

/** Of one tool call. The agent itself sees more; this is for people. */
export const TOOL_ARGS_CHARS = 4_096;
export const TOOL_RESULT_CHARS = 8_192;

/** Characters of parts in one answer of a query: far below its 16 MiB. */
export const PAGE_CHARS = 2 * 1024 * 1024;

/** Parts in one answer of a query, which may read 32,000 documents. */
export const PAGE_PARTS = 10_000;

/**
 * A pushed batch: sandboxd sends 1 MiB at most, or one event that is larger
 * alone. A delta is 32 Ki characters and what came next, arguments and a result
 * 16 Ki each, six bytes a character at worst. What is larger still is pulled.
 */
export const MAX_PUSH_BYTES = 2 * 1024 * 1024;

/** Nearly every batch is there within this, several times the way to most sandboxes. */
export const PUSH_AT_ONCE = 250;

/** One that is not must have arrived this long after; its place is held meanwhile. */
export const PUSH_PATIENCE = 5_000;

/** Events written by one mutation; a longer batch takes several. */
export const EVENTS_PER_WRITE = 256;
export const CHARS_PER_WRITE = 1024 * 1024;

/**
 * Events read of one batch or pull, the rest comes with the next: a sandbox can
 * put a million into 8 MiB. An agent says some hundred a second at most.
 */
export const MAX_EVENTS = 4_096;

/** Tries to hand a turn to the sandbox; with the waits between, over half a minute. */
export const MAX_SENDS = 8;
export const SEND_TIMEOUT = 10_000;
export const STOP_TIMEOUT = 5_000;
export const PULL_TIMEOUT = 10_000;

/** How soon to look whether a sender is still at work: a crash ends it for good. */
export const SEND_LOOK = 5_000;

/** A sender at work for this long is replaced: its timeout and reports, with room. */
export const SEND_PATIENCE = 30_000;

/** Without an event for this long, what is missing is pulled. */
export const QUIET = 20_000;

/** Who is looked at so much later than was due was not looked at: the server stood still. */
export const PAUSE = 60_000;

/** Without an event for this long, the turn is lost. */
export const NO_PROGRESS = 15 * 60_000;

/**
 * A turn goes on for at most this long, counted here: the sandbox ends its own
 * turns after 30 minutes, but a hostile skill can make it forget to.
 */
export const TURN_LIMIT = 35 * 60_000;

/** After the agent took a stop, its end must come within this. */
export const STOP_GRACE = 10_000;

/** A sandbox that has not answered a stop, or speaks of what has ended, is told again: this often at most. */
export const STOP_AGAIN = 10_000;

/** A hand-over that nobody answered may still arrive for this long: who does not know of it then may soon. */
export const MAY_ARRIVE = 2 * 60_000;

/** Stops that one sandbox is owed at once; only one that lies comes to more. */
export const MAX_STOPS = 4 * MAX_RUNNING;

/** A job that tells a sandbox has gone after this long: its timeout and report, with room. */
export const STOP_PATIENCE = 15_000;

/** A turn that nobody is before waits this long for its sandbox, like a launch. */
export const QUEUE_DEADLINE = 30 * 60_000;

/** How soon a waiting turn is looked at again, should nobody have told it. */
export const QUEUE_LOOK = 30_000;

/** A request of the agent to its model: a long history with tool results. */
export const MAX_COMPLETION_BYTES = 8 * 1024 * 1024;

/** What a model may answer to one request; an HTTP action may send 20 MiB. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Such a request must have arrived within this; its place is held meanwhile. */
export const COMPLETION_PATIENCE = 20_000;

/**
 * Requests to a model that one sandbox may have under way: each of its turns
 * one, and one beside it for a title or a summary. Pushes that are slow to
 * arrive take of the same places. The deployment has 64 actions.
 */
export const MAX_REQUESTS = 2 * MAX_RUNNING;

/** Those of all sandboxes of a user: one and a half of one's, so that no user has all. */
export const MAX_USER_REQUESTS = 3 * MAX_RUNNING;

/** Those of all users, of the deployment's 64 actions: the others are for steps, pages and pushes. */
export const MAX_ALL_REQUESTS = 48;

/** A request whose action says nothing for this long is gone; it speaks each RECHECK. */
export const REQUEST_LEASE = 30_000;

/** Requests of one turn: 30 steps of the agent with two more tries each, and some beside. */
export const TURN_REQUESTS = 100;

/** Tokens of one turn: 30 steps with a context of 128k full each time, and a quarter more. */
export const TURN_TOKENS = 5_000_000;

/** Reserved for an answer whose length the agent does not limit. */
export const COMPLETION_TOKENS = 16_384;

/** What the largest models hold, nearly all of them. */
export const LARGEST_CONTEXT = 1_000_000;

/** How often a request to a model is checked to be still allowed. */
export const RECHECK = 5_000;

/** A model that says nothing for this long is given up: reasoning takes minutes. */
export const MODEL_SILENCE = 5 * 60_000;

/** A provider's answer to the test of a key. */
export const KEY_CHECK_TIMEOUT = 10_000;
