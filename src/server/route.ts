import { ConvexError } from "convex/values";
import { failure, isFailure } from "@convex/model/errors";
import { EnvironmentError } from "./environment";
import { ApiError, problem } from "./problem";

/** Any thrown value as a problem document. */
export function toProblem(error: unknown, request: Request): Response {
  if (error instanceof ApiError) return problem(error.failure, error.extra);
  if (error instanceof ConvexError && isFailure(error.data)) {
    return problem(error.data);
  }
  // Path only: a query string may hold what a person would not want logged.
  const { pathname } = new URL(request.url);
  console.error(`${request.method} ${pathname}`, error);
  if (error instanceof EnvironmentError) {
    return problem(failure("internal", error.message));
  }
  return problem(failure("internal", "Something went wrong inside Slipway."));
}
