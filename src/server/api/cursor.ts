import { createHash } from "node:crypto";
import { ConvexError } from "convex/values";
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
  throw foreign();
}

const foreign = () =>
  new ApiError("bad_request", "This cursor is not from this list.");

function checkOf(list: string, body: string): string {
  return createHash("sha256")
    .update(`${list}\n${body}`)
    .digest("base64url")
    .slice(0, 8);
}

type Page = { isDone: boolean; continueCursor: string };
type PaginationOpts = { numItems: number; cursor: string | null };

/**
 * What `ask` answers for a page of the list, and the cursor of the next one.
 *
 * @throws ApiError `bad_request` for a cursor that is not good here: the check
 * knows the list, the backend also whose it is.
 */
export async function readPage<Result extends Page>(
  list: string,
  query: { limit: number; cursor?: string },
  ask: (paginationOpts: PaginationOpts) => Promise<Result>,
): Promise<Result & { nextCursor: string | null }> {
  const cursor = innerCursor(list, query.cursor);
  try {
    const result = await ask({ numItems: query.limit, cursor });
    const { isDone, continueCursor } = result;
    const nextCursor = isDone ? null : outerCursor(list, continueCursor);
    return { ...result, nextCursor };
  } catch (error) {
    throw isInvalidCursor(error) ? foreign() : error;
  }
}

/**
 * As Convex' own client tells it (react/use_paginated_query.ts): by the words
 * where a deployment shows them, by the data where it keeps messages to itself.
 */
function isInvalidCursor(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.message.includes("InvalidCursor")) return true;
  if (!(error instanceof ConvexError)) return false;
  const data = error.data as { paginationError?: unknown } | null;
  return data?.paginationError === "InvalidCursor";
}
