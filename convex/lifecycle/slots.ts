import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { failTurns } from "../turns";
import type { Failure } from "../model/errors";
import {
  deadlineOf,
  decide,
  type RemoteChange,
  type SlotEvent,
} from "../model/slot";
import { causeOf, errorOf, stateName } from "../model/log";
import { backoff, UNSETTLED } from "../model/timing";
import { drop, grant } from "./leases";
import { log } from "./log";
import {
  activeLaunches,
  deploymentId,
  getLease,
  getRemote,
  requireSlot,
} from "./records";
import { endLaunch, reconcile } from "./reconcile";

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
  const revision = slot.revision + (changed ? 1 : 0);
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
    await forget(ctx, next, {
      boot: slot.state.status === "running" && state.status !== "running",
      disk:
        state.status === "empty" ||
        (state.status === "failed" && state.disk !== "kept"),
    });
  }
  if (decision.failed) await failWaiting(ctx, next, decision.failed);
  if (changed || decision.failed) await reconcile(ctx, slotId);
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

function sameState(
  a: Doc<"slots">["state"],
  b: Doc<"slots">["state"],
): boolean {
  if (a.status !== b.status) return false;
  return ("step" in a ? a.step : "") === ("step" in b ? b.step : "");
}

async function schedule(
  ctx: MutationCtx,
  before: Doc<"slots">,
  after: Doc<"slots">,
  next: "now" | "retry" | "none",
): Promise<void> {
  if (next === "none") {
    if (deadlineOf(after.state) === null) await drop(ctx, after._id);
    return;
  }
  const lease = await getLease(ctx, after._id);
  const goesOn = before.state.status === after.state.status;
  // A step that follows another keeps the count: start and claim may alternate for ever.
  const tries = goesOn ? (lease?.attempt ?? 0) : 0;
  const attempt = next === "retry" ? Math.max(tries + 1, after.strikes) : tries;
  await grant(ctx, after, {
    delay: next === "retry" ? backoff(attempt) : 0,
    attempt,
  });
}

/** Writes what is known of the current generation's remote. */
async function changeRemote(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  change: RemoteChange,
): Promise<void> {
  const now = Date.now();
  if (change.state === "submitted") {
    const deployment = await deploymentId(ctx);
    await ctx.db.insert("remotes", {
      slotId: slot._id,
      generation: slot.generation,
      name: `slipway-${deployment}-${slot._id}-${slot.generation}`,
      state: "submitted",
      creates: 0,
      since: now,
      nextAt: now,
      attempts: 0,
    });
    return;
  }
  const remote = await getRemote(ctx, slot._id, slot.generation);
  if (!remote || remote.state === "gone") return;
  const write = async (
    state: Doc<"remotes">["state"],
    fields: Partial<Doc<"remotes">> = {},
  ) => {
    await ctx.db.patch("remotes", remote._id, {
      state,
      since: now,
      nextAt: now,
      attempts: 0,
      ...fields,
    });
    if (state === "deleting" || state === "unsettled") {
      await log(ctx, { slot, what: { kind: "remote", change: state } });
      await ctx.scheduler.runAfter(0, internal.node.sweeper.settleOne, {
        remote: remote._id,
      });
    }
  };
  // A create that was handed out and never answered may still land, even in a
  // name that has been freed since.
  const mayLand = remote.settleBy !== undefined && now < remote.settleBy;
  switch (change.state) {
    case "present":
      return write("present", {
        remoteId: change.remoteId,
        ...(remote.creates <= 1 && { settleBy: undefined }),
      });
    case "gone":
      return mayLand
        ? write("unsettled", { remoteId: undefined })
        : write("gone");
    case "never":
      return remote.creates <= 1 ? write("gone") : write("unsettled");
    case "abandoned":
      if (remote.remoteId !== undefined) return write("deleting");
      return remote.creates === 0
        ? write("gone")
        : write("unsettled", { settleBy: now + UNSETTLED });
  }
}

/** Rows of one kind that a generation may leave behind; a sandbox holds fewer skills. */
const MAX_ROWS = 500;

/** Removes what was true only of the boot, or of the disk, that is gone. */
async function forget(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  what: { boot: boolean; disk: boolean },
): Promise<void> {
  const index = "by_slot_and_generation_and_skill_key_and_sha";
  if (what.boot) {
    const flights = await ctx.db
      .query("installs")
      .withIndex(index, (q) =>
        q.eq("slotId", slot._id).eq("generation", slot.generation),
      )
      .take(MAX_ROWS);
    for (const row of flights) await ctx.db.delete("installs", row._id);
  }
  if (what.disk) {
    const skills = await ctx.db
      .query("installedSkills")
      .withIndex(index, (q) =>
        q.eq("slotId", slot._id).eq("generation", slot.generation),
      )
      .take(MAX_ROWS);
    for (const row of skills) await ctx.db.delete("installedSkills", row._id);
  }
}

/** A retryable failure costs the launch that has waited longest; the rest get the next try. */
async function failWaiting(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  error: Failure,
): Promise<void> {
  const waiting = await activeLaunches(ctx, slot._id);
  for (const launch of error.retryable ? waiting.slice(0, 1) : waiting) {
    await endLaunch(ctx, launch, { state: "failed", at: Date.now(), error });
  }
  await failTurns(ctx, slot._id, error);
}
