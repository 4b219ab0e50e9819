import { refuse } from "@convex/model/errors";

/** Streams one user may have open in this process; each is a connection to the backend for half an hour. */
export const MAX_OPEN = 50;

const open = new Map<string, number>();

/**
 * Counts a stream that is opened for a user; answers what counts it out, once.
 * By user and not by token: of those anybody may have more, an issuer's are
 * another every minute.
 *
 * @throws ConvexError `rate_limited` when the user has MAX_OPEN open
 */
export function countIn(userId: string): () => void {
  const before = open.get(userId) ?? 0;
  if (before >= MAX_OPEN) {
    throw refuse(
      "rate_limited",
      `You have ${MAX_OPEN} streams open. Close one first.`,
    );
  }
  open.set(userId, before + 1);
  return () => {
    const now = (open.get(userId) ?? 1) - 1;
    if (now > 0) open.set(userId, now);
    else open.delete(userId);
  };
}
