import { ConvexError } from "convex/values";
import type { ConvexHttpClient } from "convex/browser";
import { failure, isFailure } from "@convex/model/errors";
import { backendAs, bearerToken } from "./backend";
import { ApiError, problem } from "./problem";

type Answer = { status?: number; body: unknown };
type Handler<Params> = (call: {
  request: Request;
  params: Params;
  /** The backend in the name of the caller. */
  backend: ConvexHttpClient;
}) => Promise<Answer>;

/**
 * A route of the HTTP API: needs a token, answers JSON, and turns every failure
 * into a problem document. What is not a coded failure is logged here and told
 * to the caller only as `internal`.
 */
export function route<Params = Record<string, never>>(
  handler: Handler<Params>,
) {
  return async (
    request: Request,
    context: { params: Promise<Params> },
  ): Promise<Response> => {
    try {
      const token = bearerToken(request);
      const { status = 200, body } = await handler({
        request,
        params: await context.params,
        backend: backendAs(token),
      });
      return Response.json(body, {
        status,
        headers: { "cache-control": "no-store" },
      });
    } catch (error) {
      return toProblem(error, request);
    }
  };
}

/** Any thrown value as a problem document. */
export function toProblem(error: unknown, request: Request): Response {
  if (error instanceof ApiError) return problem(error.failure, error.extra);
  if (error instanceof ConvexError && isFailure(error.data)) {
    return problem(error.data);
  }
  // Path only: a query string may hold what a person would not want logged.
  const { pathname } = new URL(request.url);
  console.error(`${request.method} ${pathname}`, error);
  return problem(failure("internal", "Something went wrong inside Slipway."));
}
