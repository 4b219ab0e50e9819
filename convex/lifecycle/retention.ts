import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { refuse } from "../model/errors";
import { parseRetention, type Retention } from "../model/retention";
import { emptySession, REMOVALS } from "./removal";

/**
 * What is old and no longer needed goes: for each kind a chain of short jobs,
 * begun every hour, each of which removes a few rows and schedules the next. How
 * much has gone is counted, for health.
 */

/** Between two jobs of a chain, in ms: what people wait for comes first. */
const PAUSE = 200;

/** Cron, each hour. A chain that is still at work is not begun twice. */
export const start = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    requireRetention();
    for (const kind of Object.keys(REMOVALS)) {
      const row = await ensureRow(ctx, kind);
      if (await isUnderWay(ctx, row)) continue;
      await schedule(ctx, row, { kind, after: 0 }, 0);
    }
    return null;
  },
});

/** One job of a chain: a batch, its count, and the next. */
export const remove = internalMutation({
  args: { kind: v.string(), after: v.number() },
  returns: v.null(),
  handler: async (ctx, { kind, after }) => {
    const removal = REMOVALS[kind];
    if (!removal) return null; // of another release
    const { batch, kept } = removal;
    const age = kept ? requireRetention()[kept] : 0;
    const { removed, next } = await batch(ctx, {
      before: Date.now() - age,
      after,
    });
    const row = await count(ctx, kind, removed);
    if (next !== null) await schedule(ctx, row, { kind, after: next }, PAUSE);
    return null;
  },
});

/** Removes what a conversation that is gone consisted of, some at a time. */
export const empty = internalMutation({
  args: { sessionId: v.id("sessions") },
  returns: v.null(),
  handler: async (ctx, args) => {
    if (await emptySession(ctx, args.sessionId)) {
      const { empty: again } = internal.lifecycle.retention;
      await ctx.scheduler.runAfter(PAUSE, again, args);
    }
    return null;
  },
});

function requireRetention(): Retention {
  const retention = parseRetention(process.env.SLIPWAY_RETENTION_DAYS);
  if (retention) return retention;
  throw refuse(
    "bad_request",
    "SLIPWAY_RETENTION_DAYS is no JSON object of days; nothing is removed.",
  );
}

async function ensureRow(
  ctx: MutationCtx,
  kind: string,
): Promise<Doc<"removals">> {
  const row = await ctx.db
    .query("removals")
    .withIndex("by_kind", (q) => q.eq("kind", kind))
    .unique();
  if (row) return row;
  const id = await ctx.db.insert("removals", { kind, count: 0 });
  const made = await ctx.db.get("removals", id);
  if (!made) throw new Error("The row just written cannot be read.");
  return made;
}

async function count(
  ctx: MutationCtx,
  kind: string,
  removed: number,
): Promise<Doc<"removals">> {
  const row = await ensureRow(ctx, kind);
  if (removed > 0) {
    await ctx.db.patch("removals", row._id, {
      count: row.count + removed,
      lastAt: Date.now(),
    });
  }
  return row;
}

async function schedule(
  ctx: MutationCtx,
  row: { _id: Id<"removals"> },
  args: { kind: string; after: number },
  delay: number,
): Promise<void> {
  const { remove: next } = internal.lifecycle.retention;
  const job = await ctx.scheduler.runAfter(delay, next, args);
  await ctx.db.patch("removals", row._id, { job });
}

async function isUnderWay(
  ctx: MutationCtx,
  { job }: Doc<"removals">,
): Promise<boolean> {
  const found = job && (await ctx.db.system.get("_scheduled_functions", job));
  return found?.state.kind === "pending" || found?.state.kind === "inProgress";
}
