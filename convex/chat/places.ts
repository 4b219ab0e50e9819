import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import {
  MAX_REQUESTS,
  MAX_USER_REQUESTS,
  REQUEST_LEASE,
} from "../model/chat/limits";

/**
 * A place among the actions that one sandbox, and all of its user, may keep busy,
 * or null: one for each request to a model, and for each push that is slow to
 * arrive. Given back by `gateway.release`, or by itself after REQUEST_LEASE.
 */
export async function takePlace(
  ctx: MutationCtx,
  { _id: slotId, userId, generation }: Doc<"slots">,
): Promise<Id<"modelRequests"> | null> {
  const now = Date.now();
  const here = await ctx.db
    .query("modelRequests")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .take(MAX_REQUESTS);
  if ((await taken(ctx, here, now)) >= MAX_REQUESTS) return null;
  const everywhere = await ctx.db
    .query("modelRequests")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .take(MAX_USER_REQUESTS);
  if ((await taken(ctx, everywhere, now)) >= MAX_USER_REQUESTS) return null;
  const expiresAt = now + REQUEST_LEASE;
  return ctx.db.insert("modelRequests", {
    ...{ slotId, userId, generation, expiresAt },
  });
}

/** How many of the places are taken; the others are cleared away. */
async function taken(
  ctx: MutationCtx,
  places: Doc<"modelRequests">[],
  now: number,
): Promise<number> {
  let count = 0;
  for (const place of places) {
    // Its action is gone; what it reserved stays charged, for it may be spent.
    if (place.expiresAt <= now) await ctx.db.delete("modelRequests", place._id);
    else count += 1;
  }
  return count;
}
