import {
  describe,
  EngineError,
  isConvexError,
  messageOf,
  type Failure,
} from "../errors";
import type { Json } from "../values/json";
import type { Call } from "./runtime";

/** Arguments or a result that do not fit their validator. */
export class ValidationError extends Error {
  constructor(
    override readonly name:
      "ArgumentValidationError" | "ReturnsValidationError",
    message: string,
  ) {
    super(message);
  }
}

/**
 * A function that failed, in the two forms it is told: to the client
 * (`failure`, as a development deployment tells it: in full) and to the log.
 */
export class FunctionError extends Error {
  private constructor(
    readonly failure: Failure,
    override readonly cause: unknown,
    readonly path: string,
  ) {
    super(failure.message);
    this.name = "FunctionError";
  }

  static from(thrown: unknown, call: Call): FunctionError {
    if (thrown instanceof FunctionError) return thrown;
    const message =
      `[Request ID: ${call.request.requestId}] Server Error\n` +
      `${text(thrown)}\n    at ${call.fn.path}`;
    const data = convexErrorData(thrown);
    const failure = data === undefined ? { message } : { message, data };
    return new FunctionError(failure, thrown, call.fn.path);
  }

  /** For the log. What a function did not mean to throw comes with its stack. */
  get report(): string {
    const { cause } = this;
    const meant =
      cause instanceof ValidationError ||
      cause instanceof EngineError ||
      isConvexError(cause);
    return cause instanceof Error && cause.stack && !meant
      ? `${this.message}\n${cause.stack}`
      : this.message;
  }
}

function text(thrown: unknown): string {
  if (thrown instanceof ValidationError || thrown instanceof EngineError) {
    return describe(thrown);
  }
  if (isConvexError(thrown)) return `Uncaught ConvexError: ${thrown.message}`;
  return `Uncaught ${describe(thrown)}`;
}

/** The data of a ConvexError. The SDK has already encoded it when a function threw it. */
export function convexErrorData(thrown: unknown): Json | undefined {
  if (!isConvexError(thrown)) return undefined;
  return typeof thrown.data === "string"
    ? (JSON.parse(thrown.data) as Json)
    : null;
}

/**
 * A failure of a called function, in the form the SDK hands on to its caller:
 * it makes a ConvexError of what has data.
 */
export class CalleeError extends Error {
  readonly data: Json | undefined;

  constructor(thrown: unknown) {
    const cause = thrown instanceof FunctionError ? thrown.cause : thrown;
    super(messageOf(cause));
    this.data = convexErrorData(cause);
  }
}
