import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { failureValidator } from "../validators";
import { AUTO_STOP } from "../model/timing";
import { hold } from "./leases";
import { confirmActivity } from "./probes";
import { deploymentId, getRemote, requireSlot } from "./records";
import { applyEvent, expireOverdue } from "./slots";

/**
 * What a worker of the slot's step may ask and say. Every call carries
 * (generation, token); whoever no longer holds the lease is told null (I3).
 */

const fence = {
  slotId: v.id("slots"),
  generation: v.number(),
  token: v.string(),
};

const work = v.union(
  v.object({
    step: v.literal("create"),
    name: v.string(),
    labels: v.record(v.string(), v.string()),
    autoStopMinutes: v.number(),
  }),
  v.object({
    step: v.union(
      v.literal("look"),
      v.literal("start"),
      v.literal("claim"),
      v.literal("stop"),
      v.literal("delete"),
    ),
    remoteId: v.string(),
  }),
);

/** Claims the step and says what to do: one remote call. */
export const begin = internalMutation({
  args: fence,
  returns: v.union(v.null(), work),
  handler: async (ctx, args) => {
    if (!(await hold(ctx, args))) return null;
    return nextWork(ctx, args.slotId);
  },
});

async function nextWork(ctx: MutationCtx, slotId: Id<"slots">) {
  const slot = await requireSlot(ctx, slotId);
  const remote = await getRemote(ctx, slotId, slot.generation);
  if (!remote || !("step" in slot.state)) return null;
  const { step } = slot.state;
  if (remote.remoteId === undefined) {
    return step === "create" ? createWork(ctx, slot, remote) : null;
  }
  return {
    // Once the provider has named it, a create is only waited for.
    step: step === "create" ? ("look" as const) : step,
    remoteId: remote.remoteId,
  };
}

async function createWork(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  remote: Doc<"remotes">,
) {
  return {
    step: "create" as const,
    name: remote.name,
    labels: {
      "slipway-deployment": await deploymentId(ctx),
      "slipway-slot": slot._id as string,
      "slipway-generation": String(slot.generation),
    },
    autoStopMinutes: AUTO_STOP / 60_000,
  };
}

/** Stores the sealed keys of a boot before they are written into the sandbox. */
export const storeKeys = internalMutation({
  args: {
    ...fence,
    sandboxdKey: v.string(),
    gatewayToken: v.string(),
    gatewayTokenHash: v.string(),
  },
  returns: v.boolean(),
  handler: async (ctx, { slotId, generation, token, ...keys }) => {
    if (!(await hold(ctx, { slotId, generation, token }))) return false;
    const boot = await ctx.db
      .query("boots")
      .withIndex("by_slot", (q) => q.eq("slotId", slotId))
      .unique();
    if (boot) await ctx.db.delete("boots", boot._id);
    await ctx.db.insert("boots", {
      slotId,
      generation,
      ...keys,
      config: { status: "dirty" },
    });
    return true;
  },
});

/** Takes the outcome of the step; the next step is scheduled by the same mutation. */
export const report = internalMutation({
  args: {
    ...fence,
    outcome: v.union(
      v.object({
        kind: v.literal("present"),
        remoteId: v.string(),
        provider: v.union(
          v.literal("started"),
          v.literal("starting"),
          v.literal("stopped"),
          v.literal("stopping"),
          v.literal("deleting"),
          v.literal("failed"),
        ),
      }),
      v.object({
        kind: v.literal("claimed"),
        access: v.object({ url: v.string(), token: v.string() }),
      }),
      v.object({ kind: v.literal("gone") }),
      v.object({ kind: v.literal("conflict") }),
      v.object({ kind: v.literal("unknown"), error: failureValidator }),
      v.object({ kind: v.literal("refused"), error: failureValidator }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { outcome, ...args }) => {
    if (!(await hold(ctx, args))) return null;
    if (outcome.kind === "claimed") {
      const boot = await ctx.db
        .query("boots")
        .withIndex("by_slot", (q) => q.eq("slotId", args.slotId))
        .unique();
      if (!boot) throw new Error("A claim was reported before its keys.");
      await ctx.db.patch("boots", boot._id, { access: outcome.access });
      await confirmActivity(ctx, args.slotId);
    }
    await applyEvent(ctx, args.slotId, { type: "outcome", outcome });
    await expireOverdue(ctx, args.slotId);
    return null;
  },
});
