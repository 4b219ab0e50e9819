import { createHash } from "node:crypto";
import { refuse } from "@convex/model/errors";
import type { Credential } from "../backend";

/** Streams one token may have open in this process; each is a connection to the backend for half an hour. */
export const MAX_OPEN = 50;

const open = new Map<string, number>();

/**
 * Counts a stream that is opened with a token; answers what counts it out, once.
 *
 * @throws ConvexError `rate_limited` when the token has MAX_OPEN open
 */
export function countIn({ token }: Credential): () => void {
  const key = createHash("sha256").update(token).digest("base64url");
  const before = open.get(key) ?? 0;
  if (before >= MAX_OPEN) {
    throw refuse(
      "rate_limited",
      `${MAX_OPEN} streams are open with this token. Close one first.`,
    );
  }
  open.set(key, before + 1);
  return () => {
    const now = (open.get(key) ?? 1) - 1;
    if (now > 0) open.set(key, now);
    else open.delete(key);
  };
}
