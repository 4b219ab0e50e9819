import { v } from "convex/values";
import { getUser, requireUser } from "./access";
import type { Doc, Id } from "./_generated/dataModel";
import type { MutationCtx } from "./_generated/server";
import { userMutation, userQuery } from "./functions";
import { acted } from "./lifecycle";
import { getFleet, writeFleet } from "./lifecycle/fleets";
import { log } from "./lifecycle/log";
import { slotsOf } from "./lifecycle/records";
import { cancelWaiting } from "./lifecycle/reconcile";
import { acquireCreateLock, applyEvent } from "./lifecycle/slots";
import { limitControl } from "./limits";
import { isLeftRunning, isRestorable, isUp, unstoppable } from "./model/fleet";
import type { SlotEvent } from "./model/slot";
import { fleetItem, slotState } from "./validators";

/** "Stop all" and "Restore": one set per user, stored before the first stop. */

const itemView = v.object({
  ...fleetItem.fields,
  name: v.string(),
  /** Of the slot; null when it cannot be read. */
  slot: v.union(slotState, v.null()),
});

/** What "Stop all" stopped and has not been brought back, with each result. */
export const get = userQuery({
  scope: "read",
  args: {},
  returns: v.union(v.null(), v.object({ items: v.array(itemView) })),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    const fleet = user && (await getFleet(ctx, user._id));
    if (!fleet) return null;
    const items = await Promise.all(
      fleet.items.map(async (item) => {
        const slot = await ctx.db.get("slots", item.slotId);
        return { ...item, name: slot?.name ?? "", slot: slot?.state ?? null };
      }),
    );
    return { items };
  },
});

/**
 * Stops every running sandbox of the user and remembers which. One that is being
 * replaced is told as failed. Launches under way are cancelled.
 */
export const stopAll = userMutation({
  scope: "control",
  args: {},
  returns: v.object({ stopping: v.number() }),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    await limitControl(ctx, user._id);
    const slots = await slotsOf(ctx, user._id);
    const running = slots.filter(({ state }) => isUp(state));
    const replacing = slots.filter(({ state }) => state.status === "replacing");
    const ids = new Set([...running, ...replacing].map((slot) => slot._id));
    const kept = (await getFleet(ctx, user._id))?.items ?? [];
    await writeFleet(ctx, user._id, [
      ...kept
        .filter(({ slotId }) => !ids.has(slotId))
        .map((item) =>
          // It leaves the queue with the others.
          item.state === "restoring"
            ? { slotId: item.slotId, state: "stopped" as const }
            : item,
        ),
      ...running.map(({ _id }) => ({
        slotId: _id,
        state: "stopping" as const,
      })),
      ...replacing.map(({ _id }) => ({
        slotId: _id,
        state: "failed" as const,
        error: unstoppable(),
      })),
    ]);
    for (const slot of slots) {
      await cancelWaiting(ctx, slot, "You stopped all sandboxes.");
      if (slot.state.status === "creating") {
        await stopOne(ctx, slot, { type: "abandon" });
      } else if (slot.state.status === "queued" || ids.has(slot._id)) {
        await stopOne(ctx, slot, { type: "stop" });
      }
    }
    return { stopping: running.length };
  },
});

async function stopOne(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  event: SlotEvent,
): Promise<void> {
  const what = { kind: "action", action: "stop_all" } as const;
  await log(ctx, { slot, what });
  await applyEvent(ctx, slot._id, event);
}

/**
 * Stops again what "Stop all" did not get to stop, and nothing else: what was
 * started since then runs on.
 */
export const stopFailed = userMutation({
  scope: "control",
  args: {},
  returns: v.object({ stopping: v.number() }),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    await limitControl(ctx, user._id);
    const due = await markItems(ctx, user._id, isLeftRunning, "stopping");
    for (const slot of due) {
      await cancelWaiting(ctx, slot, "You stopped the sandbox.");
      await stopOne(ctx, slot, { type: "stop" });
    }
    return { stopping: due.length };
  },
});

/** Starts what "Stop all" stopped. What fails stays in the set and can be tried again. */
export const restore = userMutation({
  scope: "control",
  args: {},
  returns: v.object({ restoring: v.number() }),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    await limitControl(ctx, user._id);
    const due = await markItems(ctx, user._id, isRestorable, "restoring");
    for (const slot of due) {
      await log(ctx, { slot, what: { kind: "action", action: "restore" } });
      await acted(ctx, slot._id);
      await acquireCreateLock(ctx, slot._id, "owner");
    }
    return { restoring: due.length };
  },
});

/** Forgets the set; its sandboxes stay as they are. */
export const decline = userMutation({
  scope: "control",
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    for (const { slotId } of (await getFleet(ctx, user._id))?.items ?? []) {
      const slot = await ctx.db.get("slots", slotId);
      const what = { kind: "action", action: "decline_restore" } as const;
      if (slot) await log(ctx, { slot, what });
    }
    await writeFleet(ctx, user._id, []);
    return null;
  },
});

/** Those of the set that are `due`, marked as what is to become of them. */
async function markItems(
  ctx: MutationCtx,
  userId: Id<"users">,
  due: typeof isRestorable,
  state: "stopping" | "restoring",
): Promise<Doc<"slots">[]> {
  const items = (await getFleet(ctx, userId))?.items ?? [];
  const slots = (await slotsOf(ctx, userId)).filter((slot) =>
    items.some((item) => item.slotId === slot._id && due(item, slot.state)),
  );
  const ids = new Set(slots.map((slot) => slot._id));
  await writeFleet(
    ctx,
    userId,
    items.map((item) =>
      ids.has(item.slotId) ? { slotId: item.slotId, state } : item,
    ),
  );
  return slots;
}
