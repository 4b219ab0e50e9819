import { createHash } from "node:crypto";
import { ApiError } from "../problem";

/**
 * Cursors as callers see them: the backend's own, with a check, because the
 * backend fails without a code on one that it did not make for that list.
 */
export function outerCursor(list: string, cursor: string): string {
  const body = Buffer.from(cursor).toString("base64url");
  return `${body}.${checkOf(list, body)}`;
}

/** @throws ApiError `bad_request` for a cursor of another list, or none at all. */
export function innerCursor(
  list: string,
  given: string | undefined,
): string | null {
  if (given === undefined) return null;
  const [body = "", check] = given.split(".");
  if (check === checkOf(list, body)) {
    return Buffer.from(body, "base64url").toString();
  }
  throw new ApiError("bad_request", "This cursor is not from this list.");
}

function checkOf(list: string, body: string): string {
  return createHash("sha256")
    .update(`${list}\n${body}`)
    .digest("base64url")
    .slice(0, 8);
}

/** The argument of a paginated query, and the way to the next page from its answer. */
export function paging(
  list: string,
  query: { limit: number; cursor?: string },
) {
  return {
    paginationOpts: {
      numItems: query.limit,
      cursor: innerCursor(list, query.cursor),
    },
    nextOf: (result: { isDone: boolean; continueCursor: string }) =>
      result.isDone ? null : outerCursor(list, result.continueCursor),
  };
}
