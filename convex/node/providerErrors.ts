"use node";

import {
  DaytonaAuthenticationError,
  DaytonaBadRequestError,
  DaytonaConflictError,
  DaytonaError,
  DaytonaForbiddenError,
  DaytonaRateLimitError,
  DaytonaUnprocessableEntityError,
} from "@daytonaio/sdk";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { failure, toFailure, type Failure } from "../model/errors";
import { STEP_TIMEOUT } from "../model/timing";
import type { Outcome } from "./daytona";

/** What the provider's refusals and silences mean, in our words. */

export function judge(
  error: unknown,
): Extract<Outcome, { kind: "conflict" | "refused" | "unknown" }> {
  if (error instanceof DaytonaConflictError) return { kind: "conflict" };
  const described = describe(error);
  return isRefusal(error)
    ? { kind: "refused", error: described }
    : { kind: "unknown", error: described };
}

/** The provider said no, so nothing happened; anything else may have happened. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof DaytonaBadRequestError ||
    error instanceof DaytonaAuthenticationError ||
    error instanceof DaytonaForbiddenError ||
    error instanceof DaytonaUnprocessableEntityError ||
    error instanceof ConvexError
  );
}

export function describe(error: unknown): Failure {
  if (error instanceof ConvexError) return toFailure(error);
  if (error instanceof z.ZodError) {
    return failure(
      "provider_unavailable",
      "The sandbox provider answered something unknown to us.",
    );
  }
  if (error instanceof DaytonaRateLimitError) {
    return failure("provider_busy", "The sandbox provider limits our calls.");
  }
  if (error instanceof DaytonaError && isRefusal(error)) {
    return failure(
      error.code === "ISOLATION_UNAVAILABLE"
        ? "isolation_unavailable"
        : "provider_refused",
      `The sandbox provider refused: ${error.message.slice(0, 300)}`,
    );
  }
  if (error instanceof DaytonaError || error instanceof StepTimeout) {
    return failure(
      "provider_unavailable",
      "The sandbox provider did not answer in time.",
    );
  }
  throw error;
}

export class StepTimeout extends Error {}

/** The SDK's own timeouts do not cover every phase of a call; this one does. */
export async function bounded<T>(
  call: () => Promise<T>,
  limit = STEP_TIMEOUT + 1_000,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StepTimeout("The call took too long.")),
      limit,
    );
  });
  try {
    return await Promise.race([call(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
