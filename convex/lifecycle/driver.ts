import { v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { failureValidator, providerState } from "../validators";
import { callOf } from "../model/log";
import { logCall } from "../model/logEntry";
import type { SlotState } from "../model/slot";
import { AUTO_STOP, UNSETTLED } from "../model/timing";
import { overCap } from "./admission";
import { board, giveUp, leave, lineUp, stayAboard } from "./berths";
import { dropLate, getKeep, recordKeep } from "./keeps";
import { hold } from "./leases";
import { log } from "./log";
import { confirmActivity } from "./activity";
import { deploymentId, getBoot, getRemote, requireSlot } from "./records";
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

/** How the daemon of a running sandbox is reached; its key is sealed. */
const disk = {
  url: v.string(),
  previewToken: v.string(),
  sandboxdKey: v.string(),
};

const work = v.union(
  v.object({
    step: v.literal("create"),
    name: v.string(),
    snapshot: v.optional(v.string()),
    labels: v.record(v.string(), v.string()),
    autoStopMinutes: v.number(),
  }),
  v.object({
    step: v.union(
      v.literal("look"),
      v.literal("start"),
      v.literal("recover"),
      v.literal("claim"),
      v.literal("stop"),
      v.literal("delete"),
    ),
    remoteId: v.string(),
    credential: v.optional(v.string()),
  }),
  v.object({ step: v.literal("keep"), ...disk }),
  v.object({
    step: v.literal("restore"),
    ...disk,
    storageId: v.id("_storage"),
    digest: v.string(),
  }),
);

/** Claims the step and says what to do: one remote call. */
export const begin = internalMutation({
  args: fence,
  returns: v.union(v.null(), work),
  handler: async (ctx, args) => {
    const lease = await hold(ctx, args);
    if (!lease) {
      await giveUp(ctx, args);
      return null;
    }
    const slot = await requireSlot(ctx, args.slotId);
    const copies = copyStepOf(slot.state) !== null;
    if (copies && !(await getBoot(ctx, slot))?.access) {
      // A stop came before the claim, and did not happen: it is claimed first.
      const outcome = { kind: "unclaimed" } as const;
      await applyEvent(ctx, slot._id, { type: "outcome", outcome });
      return null;
    }
    if (copies && !(await boardCopy(ctx, lease, slot))) return null;
    return nextWork(ctx, args.slotId);
  },
});

/** The slot's step, if it is one that carries files. */
export function copyStepOf(state: SlotState): CopyStep | null {
  return "step" in state && isCopyStep(state.step) ? state.step : null;
}

type CopyStep = "keep" | "restore";

function isCopyStep(step: string): step is CopyStep {
  return step === "keep" || step === "restore";
}

/** A copy takes minutes: without a berth it waits, and keeps its lease and its place in line. */
async function boardCopy(
  ctx: MutationCtx,
  lease: Doc<"leases">,
  slot: Doc<"slots">,
): Promise<boolean> {
  if (!lease.waits && (await board(ctx, "leases", lease, slot))) return true;
  await ctx.db.patch("leases", lease._id, {
    claimed: false,
    waits: lease.waits ?? (await lineUp(ctx, "leases", slot)),
  });
  return false;
}

async function nextWork(ctx: MutationCtx, slotId: Id<"slots">) {
  const slot = await requireSlot(ctx, slotId);
  const remote = await getRemote(ctx, slotId, slot.generation);
  if (!remote || !("step" in slot.state)) return null;
  const { step } = slot.state;
  if (step === "wait") return null;
  if (remote.remoteId === undefined) {
    return step === "create" ? createWork(ctx, slot, remote) : null;
  }
  if (step === "keep" || step === "restore") return copyWork(ctx, slot, step);
  return {
    // Once the provider has named it, a create is only waited for.
    step: step === "create" ? ("look" as const) : step,
    remoteId: remote.remoteId,
    ...(remote.credential !== undefined && { credential: remote.credential }),
  };
}

/** What a copy needs. */
async function copyWork(ctx: MutationCtx, slot: Doc<"slots">, step: CopyStep) {
  const boot = await getBoot(ctx, slot);
  const keep = await getKeep(ctx, slot._id);
  if (!boot?.access) throw new Error("A copy was due before the claim.");
  const { access, sandboxdKey } = boot;
  const disk = { url: access.url, previewToken: access.token, sandboxdKey };
  if (step === "keep") return { step, ...disk };
  if (!keep) throw new Error("A restore was due before anything was kept.");
  const { storageId, digest } = keep;
  return { step, ...disk, storageId, digest };
}

async function createWork(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  remote: Doc<"remotes">,
) {
  const snapshot = process.env.SLIPWAY_SNAPSHOT;
  // From here on it may exist, whatever becomes of the worker (I7).
  await ctx.db.patch("remotes", remote._id, {
    creates: remote.creates + 1,
    ...(snapshot && { snapshot }),
    settleBy: Date.now() + UNSETTLED,
  });
  return {
    step: "create" as const,
    name: remote.name,
    ...(snapshot && { snapshot }),
    labels: {
      "slipway-deployment": await deploymentId(ctx), // node/listing asks for it
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

/** A long copy's sign of life; false once somebody else has the step, or its berth. */
export const renew = internalMutation({
  args: fence,
  returns: v.boolean(),
  handler: async (ctx, args) => {
    if (!(await hold(ctx, args))) return false;
    return await stayAboard(ctx, args);
  },
});

/** Takes the outcome of the step; the next step is scheduled by the same mutation. */
export const report = internalMutation({
  args: {
    ...fence,
    call: v.object({ name: logCall, ms: v.number() }),
    outcome: v.union(
      v.object({
        kind: v.literal("present"),
        remoteId: v.string(),
        credential: v.string(),
        provider: providerState,
        adopted: v.optional(v.boolean()), // by its name, after a create that was lost
      }),
      v.object({
        kind: v.literal("claimed"),
        access: v.object({ url: v.string(), token: v.string() }),
      }),
      v.object({ kind: v.literal("gone") }),
      v.object({ kind: v.literal("conflict") }),
      v.object({ kind: v.literal("unknown"), error: failureValidator }),
      v.object({
        kind: v.literal("refused"),
        error: failureValidator,
        mayExist: v.optional(v.boolean()),
      }),
      v.object({
        kind: v.literal("kept"),
        storageId: v.id("_storage"),
        digest: v.string(),
        files: v.number(),
        bytes: v.number(),
      }),
      v.object({
        kind: v.union(v.literal("restored"), v.literal("mismatch")),
        digest: v.string(),
      }),
      v.object({ kind: v.union(v.literal("unclaimed"), v.literal("busy")) }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { outcome, call, ...args }) => {
    const { slotId } = args;
    if (isCopyStep(call.name)) await leave(ctx, args);
    const lease = await hold(ctx, args);
    if (!lease) {
      if (outcome.kind === "kept") await dropLate(ctx, slotId, outcome);
      return null;
    }
    const told = callOf(call.name, outcome, lease.attempt);
    if (told) {
      const slot = { _id: args.slotId, generation: args.generation };
      await log(ctx, { slot, what: { ...told, ms: call.ms } });
    }
    if (outcome.kind === "present") await identify(ctx, args, outcome);
    if (outcome.kind === "kept") {
      const { kind: _, ...kept } = outcome;
      await recordKeep(ctx, args, kept);
    }
    if (outcome.kind === "claimed") {
      const boot = await ctx.db
        .query("boots")
        .withIndex("by_slot", (q) => q.eq("slotId", args.slotId))
        .unique();
      if (!boot) throw new Error("A claim was reported before its keys.");
      await ctx.db.patch("boots", boot._id, { access: outcome.access });
      await confirmActivity(ctx, args.slotId, call.ms);
    }
    // While the old sandbox is there: without a place the new one never would be.
    const over = outcome.kind === "kept" && (await overCapOf(ctx, slotId));
    await applyEvent(ctx, slotId, {
      type: "outcome",
      outcome: over ? { kind: "refused", error: over } : outcome,
    });
    await expireOverdue(ctx, args.slotId);
    return null;
  },
});

async function overCapOf(ctx: MutationCtx, slotId: Id<"slots">) {
  return await overCap(ctx, (await requireSlot(ctx, slotId)).userId);
}

/** Keeps the provider's id as soon as it is known, and the account that knows it. */
async function identify(
  ctx: MutationCtx,
  slot: { slotId: Id<"slots">; generation: number },
  found: { remoteId: string; credential: string },
): Promise<void> {
  const remote = await getRemote(ctx, slot.slotId, slot.generation);
  if (!remote) throw new Error("A report came for a remote without a row.");
  const { remoteId, credential } = found;
  await ctx.db.patch("remotes", remote._id, { remoteId, credential });
}
