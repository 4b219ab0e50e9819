import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { POLL, PROBE_INTERVAL, PROBE_TIMEOUT } from "../model/timing";
import { agentState } from "../validators";
import {
  activeLaunches,
  getActivity,
  getBoot,
  getRemote,
  newToken,
  requireSlot,
} from "./records";
import { reconcile } from "./reconcile";
import { applyEvent } from "./slots";

/**
 * One look at a running sandbox at a time: the provider's word and sandboxd's.
 * An answer that is older than the slot's revision is dropped, and no answer is never proof of death.
 */

/** Slots looked at by one cron run; the rest follow in the next. */
const PROBES_PER_RUN = 25;

/** The sandbox answered just now. */
export async function confirmActivity(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const now = Date.now();
  const row = await getActivity(ctx, slotId);
  if (!row) {
    await ctx.db.insert("activity", { slotId, confirmedAt: now, failures: 0 });
    return;
  }
  await ctx.db.patch("activity", row._id, { confirmedAt: now, failures: 0 });
}

/** Looks soon, unless a look is under way. */
export async function startProbe(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  delay = 0,
): Promise<void> {
  const now = Date.now();
  const slot = await requireSlot(ctx, slotId);
  if (slot.state.status !== "running") return;
  const row = await getActivity(ctx, slotId);
  if (row?.probe && row.probe.expiresAt > now) return;
  const probe = {
    token: newToken(),
    expiresAt: now + delay + 2 * PROBE_TIMEOUT,
  };
  if (row) await ctx.db.patch("activity", row._id, { probe });
  else {
    await ctx.db.insert("activity", {
      slotId,
      confirmedAt: 0,
      failures: 0,
      probe,
    });
  }
  await ctx.scheduler.runAfter(delay, internal.node.probe.run, {
    slotId,
    token: probe.token,
  });
}

/** Hands the probe what to look at, or null when it is no longer wanted. */
export const begin = internalMutation({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.union(
    v.null(),
    v.object({
      revision: v.number(),
      generation: v.number(),
      remoteId: v.string(),
      daemon: v.union(
        v.null(),
        v.object({
          url: v.string(),
          previewToken: v.string(),
          sandboxdKey: v.string(),
        }),
      ),
    }),
  ),
  handler: async (ctx, { slotId, token }) => {
    const row = await getActivity(ctx, slotId);
    if (row?.probe?.token !== token) return null;
    const slot = await requireSlot(ctx, slotId);
    const remote = await getRemote(ctx, slotId, slot.generation);
    if (slot.state.status !== "running" || remote?.remoteId === undefined) {
      await ctx.db.patch("activity", row._id, { probe: undefined });
      return null;
    }
    const boot = await getBoot(ctx, slot);
    return {
      revision: slot.revision,
      generation: slot.generation,
      remoteId: remote.remoteId,
      daemon: boot?.access
        ? {
            url: boot.access.url,
            previewToken: boot.access.token,
            sandboxdKey: boot.sandboxdKey,
          }
        : null,
    };
  },
});

const providerState = v.union(
  v.literal("started"),
  v.literal("starting"),
  v.literal("stopped"),
  v.literal("stopping"),
  v.literal("deleting"),
  v.literal("failed"),
);

/** Takes the probe's report. */
export const report = internalMutation({
  args: {
    slotId: v.id("slots"),
    token: v.string(),
    revision: v.number(),
    probe: v.union(
      v.object({
        kind: v.literal("present"),
        provider: providerState,
        daemon: v.union(
          v.literal("ok"),
          v.literal("unclaimed"),
          v.literal("unreachable"),
        ),
      }),
      v.object({ kind: v.literal("gone") }),
      v.object({ kind: v.literal("unknown") }),
    ),
    agent: v.optional(agentState),
  },
  returns: v.null(),
  handler: async (ctx, { slotId, token, revision, probe, agent }) => {
    const row = await getActivity(ctx, slotId);
    if (row?.probe?.token !== token) return null;
    await ctx.db.patch("activity", row._id, { probe: undefined });
    const slot = await requireSlot(ctx, slotId);
    if (slot.revision !== revision) return null;
    const alive =
      probe.kind === "present" &&
      probe.provider === "started" &&
      probe.daemon === "ok";
    if (alive) await confirmActivity(ctx, slotId);
    else {
      await ctx.db.patch("activity", row._id, { failures: row.failures + 1 });
    }
    const boot = await getBoot(ctx, slot);
    if (boot && agent) await ctx.db.patch("boots", boot._id, { agent });
    await applyEvent(ctx, slotId, { type: "probe", probe });
    if (alive) await reconcile(ctx, slotId);
    // Ask again soon while the agent boots, or while a launch waits for an answer.
    const waiting = alive
      ? agent?.state === "starting"
      : (await activeLaunches(ctx, slotId)).length > 0;
    if (waiting) await startProbe(ctx, slotId, POLL);
    return null;
  },
});

/** Cron: one background probe per running sandbox that has been silent for a while. */
export const probeRunning = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const now = Date.now();
    const running = await ctx.db
      .query("slots")
      .withIndex("by_status", (q) => q.eq("state.status", "running"))
      .order("desc")
      .take(200);
    let started = 0;
    for (const slot of running) {
      if (started >= PROBES_PER_RUN) break;
      const row = await getActivity(ctx, slot._id);
      if (row && now < row.confirmedAt + PROBE_INTERVAL) continue;
      await startProbe(ctx, slot._id);
      started += 1;
    }
    return null;
  },
});
