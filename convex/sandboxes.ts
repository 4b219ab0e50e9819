import { ConvexError, v } from "convex/values";
import { getUser, requireUser } from "./access";
import type { Doc } from "./_generated/dataModel";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { userMutation, userQuery } from "./functions";
import { acted } from "./lifecycle";
import { overCap } from "./lifecycle/admission";
import { leaveFleet } from "./lifecycle/fleets";
import { log } from "./lifecycle/log";
import { DEFAULT_SLOT, slotsOf } from "./lifecycle/records";
import { cancelWaiting } from "./lifecycle/reconcile";
import { acquireCreateLock, applyEvent } from "./lifecycle/slots";
import { lookForOwner } from "./lifecycle/use";
import { sandboxView, view } from "./lifecycle/views";
import { limitControl } from "./limits";
import { refuse } from "./model/errors";
import { canCancel } from "./model/replace";
import { isOldThere } from "./model/replaceStages";
import type { SlotEvent } from "./model/slot";
import { hasTurns } from "./turns";

/** The user's sandboxes, from the records alone. */
export const list = userQuery({
  scope: "read",
  args: {},
  returns: v.array(sandboxView),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    const slots = user ? await slotsOf(ctx, user._id) : [];
    // A place of its own that is empty is nothing to look at.
    const shown = slots.filter(
      ({ name, state }) => name === DEFAULT_SLOT || state.status !== "empty",
    );
    return Promise.all(shown.map((slot) => view(ctx, slot)));
  },
});

/** One sandbox of the user, or null. */
export const getSandbox = userQuery({
  scope: "read",
  args: { slotId: v.string() },
  returns: v.union(sandboxView, v.null()),
  handler: async (ctx, args) => {
    const slot = await ownSlot(ctx, args.slotId);
    return slot && view(ctx, slot);
  },
});

/**
 * Stops a running sandbox, or takes it out of the queue; its disk is kept.
 * Launches under way on it are cancelled, and in one that is already stopping so
 * are messages: whatever waits there to start it again.
 */
export const stop = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    switch (slot.state.status) {
      case "stopped":
        return null;
      case "stopping":
        await cancelWaiting(ctx, slot, "You stopped the sandbox.");
        return null;
      case "queued":
      case "running":
      case "starting":
        await log(ctx, { slot, what: { kind: "action", action: "stop" } });
        return intend(ctx, slot, { type: "stop" }, "You stopped the sandbox.");
      case "replacing":
        throw replacingNow();
      case "creating":
        throw refuse(
          "sandbox_busy",
          "The sandbox is still being made. Whoever does not want it cancels its launch, or deletes it.",
        );
      case "deleting":
        throw refuse("sandbox_busy", "The sandbox is being deleted.");
      case "empty":
      case "failed":
        throw refuse("no_sandbox", "There is nothing running to stop.");
    }
  },
});

/** Starts a stopped sandbox, or tries again to bring a broken one back whose disk is kept. */
export const start = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    switch (slot.state.status) {
      case "running":
        await applyEvent(ctx, slot._id, { type: "want", by: "owner" });
        return null;
      case "starting":
      case "creating":
        return null;
      case "queued":
      case "stopped":
        return startNow(ctx, slot);
      case "failed":
        if (slot.state.disk !== "kept") throw nothingToStart();
        return startNow(ctx, slot);
      case "replacing":
        throw replacingNow();
      case "stopping":
      case "deleting":
        throw refuse("sandbox_busy", "The sandbox is still on its way down.");
      case "empty":
        throw nothingToStart();
    }
  },
});

async function startNow(ctx: MutationCtx, slot: Doc<"slots">): Promise<null> {
  await log(ctx, { slot, what: { kind: "action", action: "start" } });
  await acted(ctx, slot._id);
  await leaveFleet(ctx, slot);
  await acquireCreateLock(ctx, slot._id, "owner");
  return null;
}

function nothingToStart() {
  return refuse("no_sandbox", "There is no sandbox to start.");
}

/**
 * Looks at a running sandbox now: at its state at the provider and at its daemon,
 * which the records tell within moments. One look serves all who ask for it; one
 * that was just heard of (15 s) is not looked at, and one that did not answer
 * within the last minute is by the next minute's look. Asking its daemon counts as use of it. Throws
 * `sandbox_not_running`, `not_found`, `rate_limited`.
 */
export const look = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    if (slot.state.status !== "running") {
      throw refuse("sandbox_not_running", "The sandbox is not running.");
    }
    await lookForOwner(ctx, slot._id);
    return null;
  },
});

/** Deletes the sandbox with everything on its disk. */
export const remove = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    await log(ctx, { slot, what: { kind: "action", action: "delete" } });
    return intend(ctx, slot, { type: "remove" }, "You deleted the sandbox.");
  },
});

/**
 * Makes the sandbox anew, with the files and the agent's history of the old one.
 * A launch asked for meanwhile waits. Throws `sandbox_busy` while an agent works,
 * `over_cap` while more places are taken than there are (a cap was lowered, or a
 * create that nobody answered may yet come to life), `caps_unreadable`.
 */
export const replace = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    switch (slot.state.status) {
      case "replacing":
        return null;
      case "running":
      case "stopped":
        break;
      case "empty":
      case "failed":
        throw refuse(
          "no_sandbox",
          "There is no sandbox whose files could be kept.",
        );
      default:
        throw refuse("sandbox_busy", "The sandbox is on its way already.");
    }
    if (await hasTurns(ctx, slot._id)) {
      throw refuse("sandbox_busy", "The agent is working in this sandbox.");
    }
    // One that is stopped stands in line, and has no place to lose.
    const runs = slot.state.status === "running";
    const over = runs && (await overCap(ctx, slot.userId));
    if (over) throw new ConvexError(over);
    await log(ctx, { slot, what: { kind: "action", action: "replace" } });
    await leaveFleet(ctx, slot);
    await acted(ctx, slot._id);
    await applyEvent(ctx, slot._id, { type: "replace" });
    return null;
  },
});

/** Goes on with a replacement that halted, from the step that failed. Throws `over_cap`. */
export const resumeReplace = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    const { state } = slot;
    if (state.status !== "replacing") throw notReplacing();
    if (!state.error) return null;
    // From there on the old one goes, and with it its place.
    const over = state.stage === "stop" && (await overCap(ctx, slot.userId));
    if (over) throw new ConvexError(over);
    const what = { kind: "action", action: "resume_replace" } as const;
    await log(ctx, { slot, what });
    await applyEvent(ctx, slot._id, { type: "resume" });
    return null;
  },
});

/**
 * Gives a replacement up. Before the old sandbox is deleted that changes
 * nothing; afterwards, where the files cannot be brought back, the new one goes
 * on without them, if that was said: whoever saw the old one there, and is heard
 * later, did not agree to it. Throws `would_lose_files`, `not_replacing`, and
 * `sandbox_busy` where neither is possible.
 */
export const cancelReplace = userMutation({
  scope: "control",
  args: { slotId: v.string(), withoutFiles: v.optional(v.boolean()) },
  returns: v.null(),
  handler: async (ctx, { slotId, withoutFiles }) => {
    const slot = await requireOwnSlot(ctx, slotId);
    const { state } = slot;
    const waits = state.status === "queued" && state.for === "replace";
    if (!waits) {
      if (state.status !== "replacing") throw notReplacing();
      if (!canCancel(state)) {
        throw refuse(
          "sandbox_busy",
          "The old sandbox is gone and the new one is not there yet.",
        );
      }
      if (!isOldThere(state) && !withoutFiles) {
        throw refuse(
          "would_lose_files",
          "The old sandbox is gone: given up now, its files are lost.",
        );
      }
    }
    const what = { kind: "action", action: "cancel_replace" } as const;
    await log(ctx, { slot, what });
    await applyEvent(ctx, slot._id, { type: "cancel" });
    return null;
  },
});

function notReplacing() {
  return refuse("not_replacing", "This sandbox is not being replaced.");
}

function replacingNow() {
  return refuse("sandbox_busy", "The sandbox is being replaced.");
}

/** What the user does to a sandbox ends the launches that were meant for it. */
async function intend(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  event: SlotEvent,
  reason: string,
): Promise<null> {
  await cancelWaiting(ctx, slot, reason);
  await leaveFleet(ctx, slot);
  await applyEvent(ctx, slot._id, event);
  return null;
}

async function ownSlot(
  ctx: QueryCtx,
  id: string,
): Promise<Doc<"slots"> | null> {
  const user = await getUser(ctx);
  const slotId = ctx.db.normalizeId("slots", id);
  if (!user || !slotId) return null;
  const slot = await ctx.db.get("slots", slotId);
  return slot?.userId === user._id ? slot : null;
}

async function requireOwnSlot(
  ctx: MutationCtx,
  id: string,
): Promise<Doc<"slots">> {
  const user = await requireUser(ctx);
  const slot = await ownSlot(ctx, id);
  if (!slot) throw refuse("not_found", "There is no such sandbox.");
  await limitControl(ctx, user._id);
  return slot;
}
