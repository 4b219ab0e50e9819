import { ApiError } from "@/server/problem";
import { toProblem } from "@/server/route";

/** What is not a route, the root too, answers as every other failure does, not as a page. */
function unknown(request: Request): Response {
  const { pathname } = new URL(request.url);
  const error = new ApiError(
    "not_found",
    `There is no ${request.method} ${pathname}. All routes: /api/v1/openapi.json.`,
  );
  return toProblem(error, request);
}

export const GET = unknown;
export const POST = unknown;
export const PUT = unknown;
export const PATCH = unknown;
export const DELETE = unknown;
export const OPTIONS = unknown;
