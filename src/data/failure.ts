import { ConvexError, type Infer } from "convex/values";
import { failure, isFailure } from "@convex/model/errors";
import type { failureValidator } from "@convex/validators";

/** As it arrives: a code this build does not know yet is still a failure. */
export type Failure = Infer<typeof failureValidator>;

/**
 * Any thrown value as something a person can act on. Convex hides the message of an
 * error that is not ours, so nothing is read from it.
 */
export function failureOf(error: unknown): Failure {
  if (isRefusal(error)) return error.data;
  return failure("internal", "The server could not answer this.");
}

/** Whether asking again by ourselves may help: ours say so; a crash may pass. */
export function worthRetrying(error: unknown): boolean {
  return isRefusal(error) ? error.data.retryable : true;
}

/** Whether the server said what is wrong, in a code of ours. */
export function isRefusal(error: unknown): error is ConvexError<Failure> {
  return error instanceof ConvexError && isFailure(error.data);
}
