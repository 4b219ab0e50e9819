import { ConvexError } from "convex/values";

/**
 * What every failure says to a person and to a program. `next` is the way on;
 * `retryable` means the same request may succeed later without a change.
 */
export type Failure = {
  /** One of `ErrorCode`; a string, because stored failures outlive releases. */
  code: string;
  message: string;
  next: string;
  retryable: boolean;
  /** Milliseconds from the failure until asking again makes sense, where known. */
  retryAfterMs?: number;
};

type Entry = { status: number; retryable: boolean; next: string };

/** HTTP status, retryability and the way on of every coded failure. */
export const ERRORS = {
  // Who is asking
  not_signed_in: entry(401, false, "Sign in and try again."),
  scope_missing: entry(403, false, "Make a token with that scope in Settings."),
  too_many_tokens: entry(409, false, "Revoke one you do not use in Settings."),
  not_found: entry(404, false, "Check the address, or open the dashboard."),
  bad_request: entry(400, false, "Correct the request and send it again."),
  method_not_allowed: entry(
    405,
    false,
    "Use one of the methods that the header Allow names.",
  ),
  // Links and skills
  bad_link: entry(
    422,
    false,
    "Use owner/repo/skill or a link to a repository.",
  ),
  host_not_allowed: entry(
    422,
    false,
    "Use a repository on a git host this deployment allows.",
  ),
  hosts_unreadable: entry(
    503,
    false,
    "The operator must correct that variable, or unset it.",
  ),
  repo_not_found: entry(
    404,
    false,
    "Check the spelling. A private repository cannot be launched yet.",
  ),
  repo_unreachable: entry(
    503,
    true,
    "Try again, or put the repository under SLIPWAY_SKILLS_DIR/owner/repo.",
  ),
  rate_limited: entry(429, true, "Wait a minute and try again."),
  skill_not_found: entry(
    404,
    false,
    "Pick one of the skills the repository has.",
  ),
  skill_invalid: entry(422, false, "Ask the skill's author to mend SKILL.md."),
  skill_not_loaded: entry(
    409,
    true,
    "Open the skill's page once more and launch from there.",
  ),
  archive_too_large: entry(
    413,
    false,
    "A skill may have 1,000 files and 25 MiB, or 10 MiB packed. Ask its author to slim it down.",
  ),
  archive_hostile: entry(
    422,
    false,
    "Do not use this skill. Its archive tries to write outside its folder.",
  ),
  // Sandboxes
  provider_not_configured: entry(
    503,
    false,
    "The operator must set DAYTONA_API_URL and DAYTONA_API_KEY.",
  ),
  provider_refused: entry(
    502,
    false,
    "The operator must check the sandbox provider's key and limits.",
  ),
  provider_unavailable: entry(503, true, "Try again in a minute."),
  provider_busy: entry(503, true, "Try again in a minute."),
  isolation_unavailable: entry(
    503,
    false,
    "Install bubblewrap and allow user namespaces, or use Daytona.",
  ),
  sandbox_failed: entry(502, true, "Launch again: a new sandbox is made."),
  sandbox_lost: entry(503, true, "Launch again: a new sandbox is made."),
  sandbox_unreachable: entry(
    503,
    true,
    "Launch again: the sandbox is started anew. If that does not help, delete it on the dashboard.",
  ),
  sandbox_broken: entry(
    502,
    false,
    "Try once more later, or delete the sandbox on the dashboard and launch again: what is on its disk is lost then.",
  ),
  sandbox_not_running: entry(409, true, "Start the sandbox and try again."),
  no_sandbox: entry(409, false, "Launch a skill to make one."),
  sandbox_busy: entry(409, true, "Wait until the sandbox has settled."),
  sandbox_insecure: entry(
    502,
    true,
    "Delete the sandbox on the dashboard and launch again; tell the operator if it returns.",
  ),
  caps_unreadable: entry(
    503,
    false,
    "The operator must correct that variable, or unset it.",
  ),
  over_cap: entry(
    409,
    true,
    "Stop a sandbox you do not need, or try again later.",
  ),
  queue_timed_out: entry(
    503,
    true,
    "Stop a sandbox you do not need, or try again later.",
  ),
  stop_timed_out: entry(504, true, "Stop it again, or go on with it."),
  replace_timed_out: entry(
    504,
    true,
    "Resume the replacement on the dashboard.",
  ),
  replace_halted: entry(
    409,
    false,
    "Resume or cancel the replacement on the dashboard.",
  ),
  too_many_sandboxes: entry(
    409,
    false,
    "Launch into the shared sandbox instead.",
  ),
  not_replacing: entry(409, false, "Look at its state on the dashboard."),
  would_lose_files: entry(
    409,
    false,
    "Resume the replacement, or say that it is to go on without the files.",
  ),
  keep_too_large: entry(
    413,
    false,
    "Keep the old one, delete what you do not need in its terminal, and replace it again.",
  ),
  keep_failed: entry(
    502,
    true,
    "Resume the replacement, or cancel it: the sandbox is as it was.",
  ),
  restore_mismatch: entry(
    502,
    true,
    "Resume the replacement: the kept files are still there.",
  ),
  restore_failed: entry(
    502,
    true,
    "Resume the replacement: the kept files are still there.",
  ),
  disk_full: entry(
    507,
    false,
    "Make room in its terminal, then try again. Or replace the sandbox on the dashboard.",
  ),
  install_failed: entry(502, true, "Launch again."),
  install_mismatch: entry(
    502,
    true,
    "Launch again. If it returns, delete the sandbox first.",
  ),
  too_many_launches: entry(429, true, "Wait for the launches under way."),
  launch_timed_out: entry(504, true, "Launch again."),
  // The relay
  relay_unavailable: entry(
    503,
    false,
    "The operator must run the relay and set RELAY_SECRET; see docs/deploy.md.",
  ),
  ticket_invalid: entry(403, true, "Open it again from Slipway."),
  port_reserved: entry(
    422,
    false,
    "Serve on another port below 32768; 4500, 2280, 22220 and 22222 are taken.",
  ),
  // Conversations and models
  model_not_set: entry(409, false, "Choose a model provider in Settings."),
  model_not_allowed: entry(
    422,
    false,
    "Pick one of the providers this deployment allows.",
  ),
  model_refused_key: entry(
    502,
    false,
    "Enter a valid key for the model provider in Settings.",
  ),
  model_credit: entry(502, false, "Add credit at the model provider."),
  model_rate_limited: entry(502, true, "Wait a minute and retry."),
  model_context: entry(422, false, "Start a new conversation."),
  model_failed: entry(502, true, "Retry, or choose another model."),
  agent_unavailable: entry(
    503,
    false,
    "Install Python 3.11, 3.12 or 3.13 with venv and start Slipway again.",
  ),
  agent_lost: entry(503, true, "Retry: the agent restarts by itself."),
  model_budget: entry(
    422,
    false,
    "Send a message that lets the agent go on, or ask for less at once.",
  ),
  turn_too_long: entry(
    422,
    false,
    "Send a message that lets the agent go on, or ask for less at once.",
  ),
  message_too_long: entry(413, false, "Send a shorter message."),
  idempotency_conflict: entry(
    422,
    false,
    "Use a new Idempotency-Key for a different request.",
  ),
  secret_unreadable: entry(
    503,
    false,
    "The operator must restore the sealing key (SLIPWAY_SEAL_KEYS), or enter the secret again.",
  ),
  internal: entry(500, true, "Try again. If it returns, tell the operator."),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERRORS;

function entry(status: number, retryable: boolean, next: string): Entry {
  return { status, retryable, next };
}

/** The failure record for a code; `message` says what happened this time. */
export function failure(code: ErrorCode, message: string): Failure {
  const { retryable, next } = ERRORS[code];
  return { code, message, next, retryable };
}

/** What its daemon says of a sandbox whose disk has no room left. */
export function diskFull(): Failure {
  return failure("disk_full", "The sandbox's disk is full.");
}

/** The HTTP status of a failure; a code of another release counts as internal. */
export function statusOf({ code }: Failure): number {
  return code in ERRORS ? ERRORS[code as ErrorCode].status : 500;
}

/** The exception that carries a failure to the client: `throw refuse(...)`. */
export function refuse(
  code: ErrorCode,
  message: string,
  retryAfterMs?: number,
): ConvexError<Failure> {
  const about = failure(code, message);
  return new ConvexError(
    retryAfterMs === undefined ? about : { ...about, retryAfterMs },
  );
}

/**
 * Type guard for what arrives in `ConvexError.data`. By its shape: a page of an
 * older release is told codes that it does not know.
 */
export function isFailure(value: unknown): value is Failure {
  return (
    typeof value === "object" &&
    value !== null &&
    ["code", "message", "next"].every(
      (key) => typeof (value as Record<string, unknown>)[key] === "string",
    )
  );
}

/** Any thrown value as a failure; what is not ours becomes `internal`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ConvexError && isFailure(error.data)) return error.data;
  return failure(
    "internal",
    error instanceof Error ? error.message : String(error),
  );
}
