import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import {
  internalMutation,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server";
import { v } from "convex/values";
import { Occupancy } from "../model/admission";
import { BERTHS, behind, type BerthKind } from "../model/berths";
import { CLAIM_PATIENCE, LEASE } from "../model/timing";
import { extend } from "./slots";

/**
 * Jobs that a sandbox can make long run only with a berth, of which there are
 * few (model/berths). The job that finds none ends at once, and its row, a lease
 * or a flight, stands in line: `waits`. Who leaves has the next called in, and
 * so does the cron, should a crash have kept somebody from leaving.
 *
 * A berth is the job's, not the row's: a flight that is withdrawn leaves a job
 * behind that still hangs. It ends by the job's last word, said with its whole
 * fence, or with a lease's time.
 * Rows are never written but by who boards, so those who count meet few others.
 */

type Waits = NonNullable<Doc<"leases">["waits"]>;

/** Who a job says it is. */
type Fence = { slotId: Id<"slots">; generation?: number; token: string };

/** Others in front, at most: far more than those at their share can put there. */
const LOOKED_AT = 1_000;

/** Whether the job may run now. If not its row is to wait: see `lineUp`. */
export async function board(
  ctx: MutationCtx,
  kind: BerthKind,
  job: Doc<"leases"> | Doc<"installs">,
  { userId }: Doc<"slots">,
): Promise<boolean> {
  const own = await berthOf(ctx, job);
  if (own) {
    const expiresAt = Date.now() + LEASE;
    await ctx.db.patch("berths", own._id, { calledIn: undefined, expiresAt });
    return true;
  }
  const taken = await occupancyOf(ctx, kind);
  if (!taken.full) {
    // What is free is for those who came before, as far as they may have it.
    const before = await lineOf(ctx, kind, { until: Date.now() });
    for (const { waits } of before) if (waits) taken.admit(waits.userId);
  }
  if (!taken.admit(userId)) return false;
  await take(ctx, kind, job, userId);
  return true;
}

/** A long job's sign of life; false if it came too late, and its berth is another's. */
export async function stayAboard(
  ctx: MutationCtx,
  fence: Fence,
): Promise<boolean> {
  const berth = await berthOf(ctx, fence);
  if (!berth) return false;
  await ctx.db.patch("berths", berth._id, { expiresAt: Date.now() + LEASE });
  return true;
}

/** The job is over, whatever came of it: its berth is the next one's. */
export async function leave(ctx: MutationCtx, fence: Fence): Promise<void> {
  const berth = await berthOf(ctx, fence);
  if (berth) await free(ctx, berth);
}

/** The job has nothing to do: its berth is the next one's, but not that of one that has begun and may still hang. */
export async function giveUp(ctx: MutationCtx, fence: Fence): Promise<void> {
  const berth = await berthOf(ctx, fence);
  if (berth?.calledIn) await free(ctx, berth);
}

async function free(ctx: MutationCtx, berth: Doc<"berths">): Promise<void> {
  await ctx.db.delete("berths", berth._id);
  if ((await lineOf(ctx, berth.kind, { most: 1 })).length === 0) return;
  // Of its own, for it reads what everybody writes who boards.
  await ctx.scheduler.runAfter(0, internal.lifecycle.berths.callIn, {});
}

/** Where in line a job of the slot stands that has to wait. */
export async function lineUp(
  ctx: QueryCtx,
  kind: BerthKind,
  { userId }: Doc<"slots">,
): Promise<Waits> {
  const last = await ctx.db
    .query(kind)
    .withIndex("by_user_in_line", (q) => q.eq("waits.userId", userId))
    .order("desc")
    .first();
  const from = Date.now();
  return { userId, from, since: behind(kind, last?.waits?.since, from) };
}

/** Calls in who waits while there are berths. Asking twice is harmless. */
export const callIn = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    await callInAll(ctx);
    return null;
  },
});

/** Cron: berths whose job is silent are free, and whoever was forgotten is called in. */
export const expire = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const silent = await ctx.db
      .query("berths")
      .withIndex("by_expires_at", (q) => q.lte("expiresAt", Date.now()))
      .take(LOOKED_AT);
    for (const berth of silent) await ctx.db.delete("berths", berth._id);
    await callInAll(ctx);
    return null;
  },
});

async function callInAll(ctx: MutationCtx): Promise<void> {
  for (const kind of ["leases", "installs"] as const) {
    const taken = await occupancyOf(ctx, kind);
    if (taken.full) continue;
    for (const job of await lineOf(ctx, kind)) {
      if (taken.full) break;
      if (!job.waits || !taken.admit(job.waits.userId)) continue;
      await take(ctx, kind, job, job.waits.userId, true);
      await run(ctx, kind, job);
    }
  }
}

/** Runs the job once more; its berth waits for it. */
async function run(
  ctx: MutationCtx,
  kind: BerthKind,
  { _id, slotId, generation, token, waits }: Doc<"leases"> | Doc<"installs">,
): Promise<void> {
  const from = waits?.from ?? Date.now();
  if (kind === "leases") await extend(ctx, slotId, Date.now() - from);
  const scheduledId = await (kind === "leases"
    ? ctx.scheduler.runAfter(0, internal.node.driver.run, {
        ...{ slotId, generation, token },
      })
    : ctx.scheduler.runAfter(0, internal.node.install.run, { slotId, token }));
  const expiresAt = Date.now() + CLAIM_PATIENCE;
  await ctx.db.patch(kind, _id, { waits: undefined, scheduledId, expiresAt });
}

async function take(
  ctx: MutationCtx,
  kind: BerthKind,
  { slotId, generation, token }: Doc<"leases"> | Doc<"installs">,
  userId: Id<"users">,
  calledIn?: true,
): Promise<void> {
  await ctx.db.insert("berths", {
    ...{ kind, slotId, generation, token, userId },
    ...(calledIn && { calledIn }),
    expiresAt: Date.now() + LEASE,
  });
}

/** The berth of the job, if all is so that it says of itself (I3). */
async function berthOf(
  ctx: QueryCtx,
  { slotId, generation, token }: Fence,
): Promise<Doc<"berths"> | null> {
  const berth = await ctx.db
    .query("berths")
    .withIndex("by_token", (q) => q.eq("token", token))
    .unique();
  if (berth?.slotId !== slotId) return null;
  const same = generation === undefined || berth.generation === generation;
  return same ? berth : null;
}

async function occupancyOf(ctx: QueryCtx, kind: BerthKind): Promise<Occupancy> {
  const caps = BERTHS[kind];
  const taken = await ctx.db
    .query("berths")
    .withIndex("by_kind", (q) => q.eq("kind", kind))
    .take(caps.deployment);
  return new Occupancy(
    caps,
    taken.map(({ userId }) => userId),
  );
}

/** Who waits, in order. */
function lineOf(
  ctx: QueryCtx,
  kind: BerthKind,
  { until = Infinity, most = LOOKED_AT } = {},
): Promise<(Doc<"leases"> | Doc<"installs">)[]> {
  return ctx.db
    .query(kind)
    .withIndex("by_line", (q) =>
      q.gt("waits.since", 0).lte("waits.since", until),
    )
    .take(most);
}
