/** Every wait of the lifecycle, in milliseconds, with the reason for its length. */

const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** One remote call. A fast transition may finish within it; a slow one is looked at again. */
export const STEP_TIMEOUT = 20 * SECOND;

/** A worker that says nothing for this long is taken over. Longer than a step with its reports. */
export const LEASE = 60 * SECOND;

/** How long a scheduled step may stay unclaimed before its job is looked at. */
export const CLAIM_PATIENCE = 15 * SECOND;

/** The slowest real create takes over nine minutes. */
export const CREATE_DEADLINE = 12 * MINUTE;

/** Un-archiving takes a minute; an unwell provider several. */
export const START_DEADLINE = 10 * MINUTE;
export const STOP_DEADLINE = 5 * MINUTE;

/** A boot that held this long is forgiven the ones before it. Longer than a booting agent is asked. */
export const STEADY = 10 * MINUTE;

/** Afterwards the sweeper owns the remote and the slot is free. */
export const DELETE_DEADLINE = 3 * MINUTE;

/** Whoever has waited this long for a place is told so, rather than left to hope. */
export const QUEUE_DEADLINE = 30 * MINUTE;

/** How long a halted replacement keeps the files of a sandbox that is gone. */
export const KEPT_FOR = 7 * 24 * 60 * MINUTE;

/** Two hundred megabytes through a slow proxy, with a boot before them. */
export const COPY_DEADLINE = 15 * MINUTE;

/** A launch that is being worked on ends within this, ready or not; in the queue it has QUEUE_DEADLINE (I6). */
export const LAUNCH_DEADLINE = 15 * MINUTE;

/** A create without an answer may still land for this long. */
export const UNSETTLED = 15 * MINUTE;

/** The provider stops a sandbox after this much silence. */
export const AUTO_STOP = 30 * MINUTE;

/** Instant stops this long before the provider may stop the sandbox. */
export const INSTANT_MARGIN = 2 * MINUTE;

/** Longest that work or a watching tab alone keep a sandbox running; then a person has to do something. */
export const KEEP_ALIVE = 4 * HOUR;

/** A stop is announced this long before: time to read it and to press a button. */
export const STOP_WARNING = 5 * MINUTE;

/** A visible tab says this often that it shows a sandbox. */
export const WATCH_BEAT = 60 * SECOND;

/** How long it is believed: a beat may be lost and the next be late. */
export const WATCH = 150 * SECOND;

/** An orphan younger than this may belong to a create whose record is on its way. */
export const ORPHAN_GRACE = 60 * SECOND;

/** Longer than any list leaves out what is there: until then a deleted orphan may be listed again. */
export const ORPHAN_FORGOTTEN = 60 * 60 * SECOND;

/**
 * A running sandbox of which nothing was heard for this long is looked at: a bit
 * less than the minute of the cron that does it, or only every other run would.
 */
export const PROBE_INTERVAL = 50 * SECOND;

/** A sandbox that was heard of within this is not looked at anew for who asks how it is. */
export const LOOK_COOLDOWN = 15 * SECOND;

/** How long a look waits for the daemon; after twice that its flight may be replaced. */
export const PROBE_TIMEOUT = 15 * SECOND;

/** How soon to ask again while the agent boots or a launch waits for the answer. */
export const POLL = 2 * SECOND;

const BACKOFF = [500, SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND] as const;

/** Wait before try number `attempt` + 1; `attempt` counts the tries so far from 1. */
export function backoff(attempt: number): number {
  return BACKOFF[Math.min(Math.max(attempt, 1), BACKOFF.length) - 1] ?? 0;
}
