import { v } from "convex/values";
import { getUser, requireUser } from "./access";
import { userMutation, userQuery } from "./functions";
import { acted } from "./lifecycle";
import { getFleet, writeFleet } from "./lifecycle/fleets";
import { log } from "./lifecycle/log";
import { slotsOf } from "./lifecycle/records";
import { cancelWaiting } from "./lifecycle/reconcile";
import { acquireCreateLock, applyEvent } from "./lifecycle/slots";
import { limitControl } from "./limits";
import { isRestorable, unstoppable } from "./model/fleet";
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
 * Stops every running sandbox of the user and remembers which; asked again it
 * retries those whose stop failed. One that is being replaced is told as failed.
 * Launches under way are cancelled.
 */
export const stopAll = userMutation({
  scope: "control",
  args: {},
  returns: v.object({ stopping: v.number() }),
  handler: async (ctx) => {
    const user = await requireUser(ctx);
    await limitControl(ctx, user._id);
    const slots = await slotsOf(ctx, user._id);
    const running = slots.filter(({ state }) =>
      ["running", "starting"].includes(state.status),
    );
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
        await applyEvent(ctx, slot._id, { type: "abandon" });
      } else if (slot.state.status === "queued" || ids.has(slot._id)) {
        const what = { kind: "action", action: "stop_all" } as const;
        await log(ctx, { slot, what });
        await applyEvent(ctx, slot._id, { type: "stop" });
      }
    }
    return { stopping: running.length };
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
    const items = (await getFleet(ctx, user._id))?.items ?? [];
    const slots = await slotsOf(ctx, user._id);
    const due = slots.filter((slot) =>
      items.some(
        (item) => item.slotId === slot._id && isRestorable(item, slot.state),
      ),
    );
    const ids = new Set(due.map((slot) => slot._id));
    await writeFleet(
      ctx,
      user._id,
      items.map((item) =>
        ids.has(item.slotId)
          ? { slotId: item.slotId, state: "restoring" as const }
          : item,
      ),
    );
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
