import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { failTurns } from "../turns";
import type { Failure } from "../model/errors";
import {
  deadlineOf,
  decide,
  hasStep,
  type Decision,
  type SlotEvent,
  type SlotState,
} from "../model/slot";
import { causeOf, errorOf, stateName } from "../model/log";
import { backoff } from "../model/timing";
import { callAdmission, keepPlaceOf } from "./admission";
import { advanceFleet } from "./fleets";
import { bringSkills, dropKeep } from "./keeps";
import { drop, grant } from "./leases";
import { log } from "./log";
import { lookSoon } from "./activity";
import { keepPulse } from "./pulses";
import { activeLaunches, getLease, requireSlot } from "./records";
import { endLaunch, reconcile } from "./reconcile";
import { changeRemote, forgetBoot, forgetDisk, isDiskLost } from "./remotes";

/**
 * The one way a slot changes: an event is decided by the pure state machine,
 * the decision is written, the next step is scheduled, and whoever waits is told.
 */
export async function applyEvent(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  event: SlotEvent,
): Promise<void> {
  const now = Date.now();
  const slot = await requireSlot(ctx, slotId);
  const decision = decide(slot, event, now);
  const { state, generation, strikes } = decision;
  const changed = !sameState(slot.state, state);
  // What runs on is the same boot, whatever is said of it: its terminals stay open.
  const runsOn = slot.state.status === "running" && state.status === "running";
  const revision = slot.revision + (changed && !runsOn ? 1 : 0);
  if (changed || strikes !== slot.strikes) {
    await ctx.db.patch("slots", slotId, {
      state,
      generation,
      strikes,
      revision,
    });
  }
  const next: Doc<"slots"> = { ...slot, state, generation, strikes };
  if (changed || decision.failed) {
    const what = {
      kind: "slot",
      from: stateName(slot.state),
      to: stateName(state),
      cause: causeOf(event),
      revision,
      strikes,
      ...(decision.failed && { error: errorOf(decision.failed) }),
    } as const;
    await log(ctx, { slot: next, what });
  }
  if (decision.remote) await changeRemote(ctx, next, decision.remote);
  await schedule(ctx, slot, next, decision.next);
  if (changed) {
    await forget(ctx, slot, next);
    await keepPlaceOf(ctx, next);
    await callAdmission(ctx, next);
    await carryOver(ctx, slot, next);
    await advanceFleet(ctx, slot, next, decision.failed);
    // Also one whose stop nobody confirmed: it was not looked at meanwhile.
    if (state.status === "running" && !runsOn) await lookSoon(ctx, slotId);
    await keepPulse(ctx, slotId);
  }
  if (decision.failed) await failWaiting(ctx, next, decision.failed, decision);
  if (changed || decision.failed) await reconcile(ctx, slotId);
}

/**
 * Asks for the slot's sandbox. However many ask at once, it is made once: whoever
 * asks first moves the slot on, and the rest find it moved (model/slot, `want`).
 */
export async function acquireCreateLock(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  by?: "owner",
): Promise<void> {
  await applyEvent(ctx, slotId, { type: "want", ...(by && { by }) });
}

/** Ends a transition that has outlived its deadline; true if it did. */
export async function expireOverdue(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  const slot = await requireSlot(ctx, slotId);
  const deadline = deadlineOf(slot.state);
  if (deadline === null || Date.now() < deadline) return false;
  await applyEvent(ctx, slotId, { type: "expired" });
  return true;
}

/** Gives the stage of a replacement `ms` more: it stood in line, which is none of its time. */
export async function extend(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  ms: number,
): Promise<void> {
  const { state } = await requireSlot(ctx, slotId);
  if (state.status !== "replacing") return;
  const stageSince = state.stageSince + ms;
  await ctx.db.patch("slots", slotId, { state: { ...state, stageSince } });
}

function sameState(a: SlotState, b: SlotState): boolean {
  if (a.status !== b.status) return false;
  if (a.status === "queued" && b.status === "queued") return a.for === b.for;
  if (a.status === "failed" && b.status === "failed") return a.disk === b.disk;
  if (a.status === "running" && b.status === "running") {
    return (a.error === undefined) === (b.error === undefined);
  }
  if (a.status === "replacing" && b.status === "replacing") {
    return (
      a.stage === b.stage &&
      a.step === b.step &&
      (a.error === undefined) === (b.error === undefined)
    );
  }
  return ("step" in a ? a.step : "") === ("step" in b ? b.step : "");
}

/** Removes what was true only of the boot, or of the disk, that is gone. */
async function forget(
  ctx: MutationCtx,
  before: Doc<"slots">,
  after: Doc<"slots">,
): Promise<void> {
  const { state } = after;
  if (before.state.status === "running" && state.status !== "running") {
    await forgetBoot(ctx, after);
  }
  if (isDiskLost(state)) await forgetDisk(ctx, after);
  if (before.generation !== after.generation) await forgetDisk(ctx, before);
}

/** What was kept goes on into the new sandbox, or goes with the replacement. */
async function carryOver(
  ctx: MutationCtx,
  before: Doc<"slots">,
  after: Doc<"slots">,
): Promise<void> {
  if (before.state.status !== "replacing") return;
  if (after.state.status === "replacing") return;
  if (after.state.status === "running") await bringSkills(ctx, after);
  else await dropKeep(ctx, after._id);
}

async function schedule(
  ctx: MutationCtx,
  before: Doc<"slots">,
  after: Doc<"slots">,
  next: "now" | "retry" | "none",
): Promise<void> {
  if (next === "none") {
    if (!hasStep(after.state)) await drop(ctx, after._id);
    return;
  }
  const lease = await getLease(ctx, after._id);
  const goesOn =
    before.state.status === after.state.status &&
    deadlineOf(before.state) === deadlineOf(after.state);
  // A step that follows another keeps the count: start and claim may alternate for ever.
  const tries = goesOn ? (lease?.attempt ?? 0) : 0;
  const attempt = next === "retry" ? Math.max(tries + 1, after.strikes) : tries;
  await grant(ctx, after, {
    delay: next === "retry" ? backoff(attempt) : 0,
    attempt,
  });
}

/** A retryable failure costs the launch that has waited longest; the rest get the next try. */
async function failWaiting(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  error: Failure,
  { failsAll }: Decision,
): Promise<void> {
  const waiting = await activeLaunches(ctx, slot._id);
  const one = error.retryable && !failsAll;
  for (const launch of one ? waiting.slice(0, 1) : waiting) {
    await endLaunch(ctx, launch, { state: "failed", at: Date.now(), error });
  }
  await failTurns(ctx, slot._id, error);
}
