import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import type { Failure } from "../model/errors";
import { advanceItem } from "../model/fleet";

/** The stored set of "Stop all", kept true by every change of a slot. */

/** The user's set, or null. */
export function getFleet(
  ctx: QueryCtx,
  userId: Id<"users">,
): Promise<Doc<"fleets"> | null> {
  return ctx.db
    .query("fleets")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .unique();
}

type Item = Doc<"fleets">["items"][number];

/** Writes the set; an empty one is forgotten. */
export async function writeFleet(
  ctx: MutationCtx,
  userId: Id<"users">,
  items: Item[],
): Promise<void> {
  const fleet = await getFleet(ctx, userId);
  if (items.length === 0) {
    if (fleet) await ctx.db.delete("fleets", fleet._id);
  } else if (fleet) {
    await ctx.db.patch("fleets", fleet._id, { items });
  } else {
    await ctx.db.insert("fleets", { userId, items });
  }
}

/** Brings the item of a slot that has changed up to date. */
export async function advanceFleet(
  ctx: MutationCtx,
  before: Doc<"slots">,
  after: Doc<"slots">,
  failed: Failure | undefined,
): Promise<void> {
  const fleet = await getFleet(ctx, after.userId);
  const item = fleet?.items.find(({ slotId }) => slotId === after._id);
  if (!fleet || !item) return;
  const next = advanceItem(item, before.state, after.state, failed);
  const items = fleet.items.flatMap((old) =>
    old !== item ? [old] : next ? [{ slotId: item.slotId, ...next }] : [],
  );
  await writeFleet(ctx, after.userId, items);
}

/** Its owner does something else with it by hand: it is no longer to be brought back. */
export async function leaveFleet(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<void> {
  const fleet = await getFleet(ctx, slot.userId);
  if (!fleet) return;
  const items = fleet.items.filter(({ slotId }) => slotId !== slot._id);
  if (items.length < fleet.items.length) {
    await writeFleet(ctx, slot.userId, items);
  }
}
