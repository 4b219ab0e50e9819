import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { errorOf } from "../model/log";
import { backoff, CLAIM_PATIENCE, LEASE } from "../model/timing";
import { agentState, failureValidator } from "../validators";
import { hasWaitingTurns } from "../turns";
import { isAbandoned } from "./leases";
import { log } from "./log";
import { confirmActivity, lookSoon } from "./activity";
import { startProbe, waitsForStop } from "./probes";
import {
  activeLaunches,
  getBoot,
  getRemote,
  newToken,
  requireSlot,
} from "./records";
import { reconcile } from "./reconcile";
import { applyEvent } from "./slots";

/**
 * The flight that writes the agent's config after a boot and checks that the
 * daemon refuses strangers. The record is `dirty` until the write it made is confirmed (I5).
 */

/** Gives up after this many tries without an answer; a boot takes seconds. */
const MAX_TRIES = 8;

/**
 * Starts the flight after a boot, unless one is under way or has landed. On a
 * disk that was full it starts for somebody who waits, or it would go on for ever.
 */
export async function startConfig(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<void> {
  if (slot.state.status !== "running") return;
  const boot = await getBoot(ctx, slot);
  if (!boot?.access) return;
  const { status } = boot.config;
  const due =
    status === "dirty" ||
    (status === "full" && (await isWaitedFor(ctx, slot._id)));
  if (!due) return;
  if (!(await waitsForStop(ctx, slot._id))) {
    await launchFlight(ctx, slot, boot, 0);
  } else if (status === "full") {
    // Somebody waits again: it is for whoever runs next.
    await ctx.db.patch("boots", boot._id, { config: { status: "dirty" } });
  }
}

async function isWaitedFor(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  const launches = await activeLaunches(ctx, slotId);
  return launches.length > 0 || (await hasWaitingTurns(ctx, slotId));
}

async function launchFlight(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  boot: Doc<"boots">,
  attempt: number,
): Promise<void> {
  const token = newToken();
  const writeToken = slot.configWrites + 1;
  const delay = attempt === 0 ? 0 : backoff(attempt);
  const scheduledId = await ctx.scheduler.runAfter(
    delay,
    internal.node.configure.run,
    { slotId: slot._id, generation: slot.generation, token },
  );
  await ctx.db.patch("slots", slot._id, { configWrites: writeToken });
  await ctx.db.patch("boots", boot._id, {
    config: {
      status: "writing",
      writeToken,
      token,
      scheduledId,
      claimed: false,
      attempt,
      expiresAt: Date.now() + delay + CLAIM_PATIENCE,
    },
  });
}

const fence = {
  slotId: v.id("slots"),
  generation: v.number(),
  token: v.string(),
};

/** Hands the flight its work, or null when it has been replaced. */
export const begin = internalMutation({
  args: fence,
  returns: v.union(
    v.null(),
    v.object({
      remoteId: v.string(),
      url: v.string(),
      previewToken: v.string(),
      sandboxdKey: v.string(),
      gatewayToken: v.string(),
      writeToken: v.number(),
    }),
  ),
  handler: async (ctx, args) => {
    const flight = await heldFlight(ctx, args);
    const remote =
      flight && (await getRemote(ctx, args.slotId, flight.boot.generation));
    if (!flight?.boot.access || remote?.remoteId === undefined) return null;
    await ctx.db.patch("boots", flight.boot._id, {
      config: {
        ...flight.config,
        claimed: true,
        expiresAt: Date.now() + LEASE,
      },
    });
    return {
      remoteId: remote.remoteId,
      url: flight.boot.access.url,
      previewToken: flight.boot.access.token,
      sandboxdKey: flight.boot.sandboxdKey,
      gatewayToken: flight.boot.gatewayToken,
      writeToken: flight.config.writeToken,
    };
  },
});

/** Takes the flight's report. */
export const report = internalMutation({
  args: {
    ...fence,
    ms: v.number(), // that the requests took
    outcome: v.union(
      v.object({
        kind: v.literal("written"),
        hash: v.string(),
        agent: v.optional(agentState),
      }),
      v.object({ kind: v.literal("insecure") }),
      v.object({ kind: v.literal("unclaimed") }),
      v.object({ kind: v.literal("disk_full") }),
      v.object({ kind: v.literal("stale"), onDisk: v.number() }),
      v.object({ kind: v.literal("unknown"), error: failureValidator }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { outcome, ms, ...args }) => {
    const flight = await heldFlight(ctx, args);
    if (!flight) return null;
    const { slot, boot, config } = flight;
    await log(ctx, {
      slot,
      what: {
        kind: "call",
        call: "configure",
        outcome: outcome.kind,
        ok: outcome.kind === "written",
        ms,
        attempt: config.attempt,
        ...("error" in outcome && { error: errorOf(outcome.error) }),
      },
    });
    switch (outcome.kind) {
      case "written":
        await ctx.db.patch("boots", boot._id, {
          config: {
            status: "clean",
            writeToken: config.writeToken,
            hash: outcome.hash,
          },
          ...(outcome.agent && { agent: outcome.agent }),
        });
        await confirmActivity(ctx, slot._id, ms);
        await reconcile(ctx, slot._id);
        if (outcome.agent?.state !== "ready") {
          await lookSoon(ctx, slot._id); // it may boot as long as any
          await startProbe(ctx, slot._id, { asksDaemon: true });
        }
        return null;
      case "insecure":
        await applyEvent(ctx, slot._id, { type: "insecure" });
        return null;
      case "unclaimed":
        await ctx.db.patch("boots", boot._id, { config: { status: "dirty" } });
        await applyEvent(ctx, slot._id, {
          type: "probe",
          probe: { kind: "present", provider: "started", daemon: "unclaimed" },
        });
        return null;
      case "disk_full":
        await ctx.db.patch("boots", boot._id, { config: { status: "full" } });
        await applyEvent(ctx, slot._id, { type: "full" });
        return null;
      case "stale":
        return retryOrGiveUp(ctx, catchUp(slot, outcome.onDisk), boot, config);
      case "unknown":
        return retryOrGiveUp(ctx, slot, boot, config);
    }
  },
});

/** How far ahead of the record a disk may be, in writes; a larger number is a lie. */
const MAX_AHEAD = 1_000;

/** The slot with its counter above what the disk has seen, if that can be true. */
function catchUp(slot: Doc<"slots">, onDisk: number): Doc<"slots"> {
  const ahead = onDisk - slot.configWrites;
  return ahead > 0 && ahead <= MAX_AHEAD
    ? { ...slot, configWrites: onDisk }
    : slot;
}

/** Replaces a flight whose worker is silent; called by expiry. */
export async function expireConfig(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const slot = await requireSlot(ctx, slotId);
  const boot = await ctx.db
    .query("boots")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
  if (boot?.config.status !== "writing") return;
  if (boot.config.expiresAt > Date.now()) return;
  if (slot.state.status !== "running" || boot.generation !== slot.generation) {
    // Its boot has ended. Left as it is it would be found overdue for ever.
    await ctx.db.patch("boots", boot._id, { config: { status: "dirty" } });
    return;
  }
  if (!(await isAbandoned(ctx, boot.config))) {
    const expiresAt = Date.now() + CLAIM_PATIENCE;
    const config = { ...boot.config, expiresAt };
    await ctx.db.patch("boots", boot._id, { config });
    return;
  }
  await log(ctx, { slot, what: { kind: "takeover", of: "configure" } });
  await retryOrGiveUp(ctx, slot, boot, boot.config);
}

async function retryOrGiveUp(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  boot: Doc<"boots">,
  { attempt }: { attempt: number },
): Promise<null> {
  const leaving = await waitsForStop(ctx, slot._id);
  if (!leaving && attempt + 1 < MAX_TRIES) {
    await launchFlight(ctx, slot, boot, attempt + 1);
    // Of the provider alone: how long its daemon may be silent is counted here.
    await startProbe(ctx, slot._id, { asksDaemon: false });
    return null;
  }
  await ctx.db.patch("boots", boot._id, { config: { status: "dirty" } });
  if (!leaving) await applyEvent(ctx, slot._id, { type: "unusable" });
  return null;
}

async function heldFlight(
  ctx: MutationCtx,
  args: { slotId: Id<"slots">; generation: number; token: string },
) {
  const slot = await requireSlot(ctx, args.slotId);
  if (slot.generation !== args.generation || slot.state.status !== "running") {
    return null;
  }
  const boot = await getBoot(ctx, slot);
  if (boot?.config.status !== "writing" || boot.config.token !== args.token) {
    return null;
  }
  return { slot, boot, config: boot.config };
}
