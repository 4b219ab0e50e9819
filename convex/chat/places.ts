import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { MAX_REQUESTS, REQUEST_LEASE } from "../model/chat/limits";

/**
 * A place among the actions that one sandbox may keep busy, or null: one for each
 * request to a model, and for each push that is slow to arrive. Given back by
 * `gateway.release`, or by itself after REQUEST_LEASE.
 */
export async function takePlace(
  ctx: MutationCtx,
  { _id: slotId, generation }: Doc<"slots">,
): Promise<Id<"modelRequests"> | null> {
  const now = Date.now();
  const places = await ctx.db
    .query("modelRequests")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .take(MAX_REQUESTS);
  let taken = 0;
  for (const place of places) {
    // Its action is gone; what it reserved stays charged, for it may be spent.
    if (place.expiresAt <= now) await ctx.db.delete("modelRequests", place._id);
    else taken += 1;
  }
  if (taken >= MAX_REQUESTS) return null;
  const expiresAt = now + REQUEST_LEASE;
  return ctx.db.insert("modelRequests", { slotId, generation, expiresAt });
}
