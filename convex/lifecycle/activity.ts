import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { PROBE_INTERVAL } from "../model/timing";
import { keepPulse } from "./pulses";
import { getActivity } from "./records";

/** When a sandbox was last known to live, and when it is looked at next. */

export async function ensureActivity(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<Doc<"activity">> {
  const row = await getActivity(ctx, slotId);
  if (row) return row;
  const id = await ctx.db.insert("activity", {
    slotId,
    confirmedAt: 0,
    lookedAt: 0,
    failures: 0,
    polls: 0,
  });
  const made = await ctx.db.get("activity", id);
  if (!made) throw new Error("The activity row just written cannot be read.");
  return made;
}

/**
 * The sandbox answered us, which the provider counts as activity. It may have
 * been dead when that was told: the answer is worth no more than the question,
 * which was `ms` before.
 */
export async function confirmActivity(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  ms: number,
): Promise<void> {
  const now = Date.now();
  const row = await ensureActivity(ctx, slotId);
  await ctx.db.patch("activity", row._id, {
    confirmedAt: Math.max(row.confirmedAt, now - ms),
    lookedAt: Math.max(row.lookedAt, now - ms),
    heardAt: now,
    failures: 0,
    warnedAt: undefined,
    nextProbeAt: now + PROBE_INTERVAL,
  });
  await keepPulse(ctx, slotId);
}

/**
 * Whether the provider was last seen stopping it, unasked. Nothing is wrong then:
 * what cannot reach it waits for the stop, and for the start that follows.
 */
export async function isLeaving(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  return (await getActivity(ctx, slotId))?.leaving === true;
}

/** It has begun to run: has the next cron look at it, and its agent may boot as long as any. */
export async function lookSoon(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const row = await ensureActivity(ctx, slotId);
  const nextProbeAt = row.nextProbeAt ?? Date.now();
  const begun = { polls: 0, leaving: undefined, nextProbeAt };
  await ctx.db.patch("activity", row._id, begun);
}
