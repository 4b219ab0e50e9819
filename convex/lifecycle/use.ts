import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { keepsAlive, watchAgain } from "../model/keepAlive";
import { LOOK_COOLDOWN } from "../model/timing";
import { ensureActivity } from "./activity";
import { startProbe } from "./probes";
import { keepPulse } from "./pulses";
import { getWatch, requireSlot } from "./records";

/**
 * Who uses a sandbox. Nothing here keeps one alive: the probe that looks at it
 * each minute does, if what is noted here says so (model/keepAlive).
 */

/** A person did something with it, from which the time is counted anew. */
export async function acted(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const row = await ensureActivity(ctx, slotId);
  await ctx.db.patch("activity", row._id, { actedAt: Date.now() });
}

/** A visible tab shows it. Whoever comes back to one about to stop is not made to wait for the minute. */
export async function watched(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const now = Date.now();
  const { state } = await requireSlot(ctx, slotId);
  if (state.status !== "running") return;
  const row = await getWatch(ctx, slotId);
  const until = watchAgain(row?.until ?? 0, now);
  if (until === null) return;
  if (row) await ctx.db.patch("watches", row._id, { until });
  else await ctx.db.insert("watches", { slotId, until });
  if ((row?.until ?? 0) <= now) {
    // As much as keeps it alive: the cron's look may be under way, and does not.
    const asksDaemon = await isInUse(ctx, await ensureActivity(ctx, slotId));
    await startProbe(ctx, slotId, { asksDaemon });
  }
}

/**
 * Bytes came out of it through the relay within the last `ms`, which the provider
 * counts as activity. A shell has spoken, not the daemon: looks go on as they were.
 */
export async function relayed(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  ms: number,
): Promise<void> {
  const row = await ensureActivity(ctx, slotId);
  const confirmedAt = Math.max(row.confirmedAt, Date.now() - ms);
  await ctx.db.patch("activity", row._id, { confirmedAt, warnedAt: undefined });
  await keepPulse(ctx, slotId);
}

/**
 * Looks for an owner who merely asks: not at one whose daemon was just heard,
 * nor, before the cron does, at one that was just silent, whose next look is then
 * theirs. Or whoever has some that answer slowly, or never, could keep a job
 * busy with each (decision 012).
 */
export async function lookForOwner(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const now = Date.now();
  const row = await ensureActivity(ctx, slotId);
  const { failures, heardAt = 0, nextProbeAt = 0 } = row;
  const waits = failures > 0 ? nextProbeAt : heardAt + LOOK_COOLDOWN;
  if (now >= waits) await startProbe(ctx, slotId, { asksDaemon: true });
  else if (failures > 0)
    await ctx.db.patch("activity", row._id, { owed: true });
}

/** Whether somebody's use keeps it alive, by what the records say. */
export async function isInUse(
  ctx: MutationCtx,
  { slotId, actedAt }: Doc<"activity">,
): Promise<boolean> {
  const turn = await ctx.db
    .query("turns")
    .withIndex("by_slot_and_state", (q) =>
      q.eq("slotId", slotId).eq("state", "running"),
    )
    .first();
  const watch = await getWatch(ctx, slotId);
  const use = {
    actedAt: actedAt ?? 0,
    watchedUntil: watch?.until ?? 0,
    working: turn !== null,
  };
  return keepsAlive(use, Date.now());
}
