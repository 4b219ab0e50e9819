import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { outwaited } from "../model/admission";
import { failure } from "../model/errors";
import { stateName } from "../model/log";
import { deadlineOf } from "../model/slot";
import { CLAIM_PATIENCE, QUEUE_DEADLINE } from "../model/timing";
import { callAdmission } from "./admission";
import { expireConfig } from "./config";
import { copyStepOf } from "./driver";
import { expireInstall } from "./installs";
import { grant, isAbandoned } from "./leases";
import { log } from "./log";
import { activeLaunches, getLease, requireSlot } from "./records";
import { abandonIfUnwanted, endLaunch, reconcile } from "./reconcile";
import { applyEvent, expireOverdue } from "./slots";

/** Rows of each kind handled by one run; the next, 15 s later, takes more. */
const BATCH = 50;

/** A slot's flights, those of former generations too: a hundred come with a replacement. */
const FLIGHTS = 500;

/** Of these that are overdue: each may fail all launches and messages that wait for it. */
const ENDED_AT_ONCE = 20;

/** Slots handled by the cron itself, which waits in no queue of jobs; the rest are jobs. */
const AT_ONCE = 20;

/**
 * Cron: every wait of the lifecycle that has lasted too long ends, as a write,
 * so that nobody has to watch and a full scheduler cannot freeze it. Each slot
 * is handled in a mutation of its own: one that fails holds up no other.
 */
export const expire = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const now = Date.now();
    const slots = new Set<Id<"slots">>();
    const leases = await ctx.db
      .query("leases")
      .withIndex("by_expires_at", (q) => q.lte("expiresAt", now))
      .take(BATCH);
    const flights = await ctx.db
      .query("installs")
      .withIndex("by_expires_at", (q) => q.lte("expiresAt", now))
      .take(BATCH);
    const writes = await ctx.db
      .query("boots")
      .withIndex("by_config", (q) =>
        q.eq("config.status", "writing").lte("config.expiresAt", now),
      )
      .take(BATCH);
    const launches = await ctx.db
      .query("launches")
      .withIndex("by_active_and_deadline_at", (q) =>
        q.eq("active", true).lte("deadlineAt", now),
      )
      .take(BATCH);
    for (const row of [...leases, ...flights, ...writes, ...launches]) {
      slots.add(row.slotId);
    }
    for (const slot of await overdueInQueue(ctx, now)) slots.add(slot._id);
    await callAdmission(ctx);
    const due = [...slots];
    for (const slotId of due.slice(0, AT_ONCE)) await tryExpire(ctx, slotId);
    for (const slotId of due.slice(AT_ONCE)) {
      await ctx.scheduler.runAfter(0, internal.lifecycle.expiry.expireSlot, {
        slotId,
      });
    }
    return null;
  },
});

/** Of these most may be replacements that are halted for days, and not due. */
const LOOKED_AT = 1_000;

/** What fails is undone by itself, said, and tried again by the next run. */
async function tryExpire(ctx: MutationCtx, slotId: Id<"slots">): Promise<void> {
  try {
    await ctx.runMutation(internal.lifecycle.expiry.expireSlot, { slotId });
  } catch (error) {
    console.error(`The waits of slot ${slotId} could not be ended:`, error);
  }
}

/** Slots whose wait nobody holds a lease for. */
async function overdueInQueue(
  ctx: MutationCtx,
  now: number,
): Promise<Doc<"slots">[]> {
  const waiting: Doc<"slots">[] = [];
  for (const status of ["queued", "replacing"] as const) {
    waiting.push(
      ...(await ctx.db
        .query("slots")
        .withIndex("by_status_and_since", (q) =>
          q.eq("state.status", status).lte("state.since", now - QUEUE_DEADLINE),
        )
        .take(LOOKED_AT)),
    );
  }
  return waiting
    .filter(({ state }) => (deadlineOf(state) ?? Infinity) <= now)
    .slice(0, BATCH);
}

/** Ends or replaces whatever of one slot is overdue. */
export const expireSlot = internalMutation({
  args: { slotId: v.id("slots") },
  returns: v.null(),
  handler: async (ctx, { slotId }) => {
    const now = Date.now();
    const lease = await getLease(ctx, slotId);
    if (lease && lease.expiresAt <= now) await expireLease(ctx, lease, now);
    if (!lease) await expireOverdue(ctx, slotId);
    const slot = await requireSlot(ctx, slotId);
    const flights = await ctx.db
      .query("installs")
      .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
        q.eq("slotId", slotId),
      )
      .take(FLIGHTS);
    const overdue = flights.filter(({ expiresAt }) => expiresAt <= now);
    for (const flight of overdue.slice(0, ENDED_AT_ONCE)) {
      await expireInstall(ctx, flight);
    }
    if (overdue.length > 0) await reconcile(ctx, slotId);
    await expireConfig(ctx, slot._id);
    for (const launch of await activeLaunches(ctx, slotId)) {
      if (launch.deadlineAt <= now) await expireLaunch(ctx, launch, now);
    }
    return null;
  },
});

/** A silent worker is replaced; a job that is only late is waited for. */
async function expireLease(
  ctx: MutationCtx,
  lease: Doc<"leases">,
  now: number,
): Promise<void> {
  const inLine = lease.waits && now < lease.waits.from + QUEUE_DEADLINE;
  if (!inLine && (await expireOverdue(ctx, lease.slotId))) return;
  if (!(await isAbandoned(ctx, lease))) {
    await ctx.db.patch("leases", lease._id, {
      expiresAt: now + CLAIM_PATIENCE,
    });
    return;
  }
  const slot = await requireSlot(ctx, lease.slotId);
  const what = { kind: "takeover", of: stateName(slot.state) } as const;
  await log(ctx, { slot, what });
  const copy = copyStepOf(slot.state);
  if (lease.claimed && copy) return repeatCopy(ctx, slot._id, copy);
  await grant(ctx, slot, { delay: 0, attempt: lease.attempt });
}

/**
 * A silent worker's request may still arrive, in minutes, and put the files of
 * then over what was made since. So its key ends with it: as after any copy
 * without an answer, the sandbox is claimed anew before the next.
 */
function repeatCopy(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  copy: "keep" | "restore",
): Promise<void> {
  const error = failure(`${copy}_failed`, "The copy broke off.");
  const outcome = { kind: "unknown", error } as const;
  return applyEvent(ctx, slotId, { type: "outcome", outcome });
}

/** No launch outlives its deadline, whatever became of its sandbox (I6). */
async function expireLaunch(
  ctx: MutationCtx,
  launch: Doc<"launches">,
  now: number,
): Promise<void> {
  const { state } = await requireSlot(ctx, launch.slotId);
  await endLaunch(ctx, launch, {
    state: "failed",
    at: now,
    error: outwaited(state, "The launch did not end in time."),
  });
  await abandonIfUnwanted(ctx, launch.slotId);
}
