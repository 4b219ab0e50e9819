import type { Json } from "./values/json";

/** What the engine itself refuses, as opposed to what a function throws. */
export type EngineErrorCode =
  | "conflict"
  | "function_not_found"
  | "unauthenticated"
  | "bad_request"
  | "unsupported"
  | "shutting_down";

export class EngineError extends Error {
  constructor(
    readonly code: EngineErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "EngineError";
  }
}

/** Something of Convex that this backend does not do. */
export function unsupported(what: string): EngineError {
  return new EngineError(
    "unsupported",
    `${what} is not supported by the embedded backend. See the list in ` +
      `emulators/backend/README.md.`,
  );
}

/**
 * A function's failure as it goes to a client: a message, and the data of a
 * ConvexError if it was one.
 */
export type Failure = { message: string; data?: Json };

const CONVEX_ERROR = Symbol.for("ConvexError");

export function isConvexError(
  thrown: unknown,
): thrown is Error & { data: unknown } {
  return (
    typeof thrown === "object" && thrown !== null && CONVEX_ERROR in thrown
  );
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** "TypeError: x is not a function", as an uncaught error is shown. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.message === ""
    ? thrown.name
    : `${thrown.name}: ${thrown.message}`;
}
