import { v } from "convex/values";
import { requireUser } from "./access";
import { mutation } from "./_generated/server";
import { requireSession } from "./chat/records";
import { userMutation } from "./functions";
import { log } from "./lifecycle/log";
import { acted, lookForOwner, watched } from "./lifecycle/use";
import { limitControl } from "./limits";
import { refuse } from "./model/errors";

/**
 * Says that a conversation is in front of somebody now; a tab says so each
 * minute (WATCH_BEAT) while it is visible and online. Its sandbox is then kept
 * running, for 4 hours after the last thing a person did. Throws `not_found`.
 */
export const watch = userMutation({
  scope: "launch",
  args: { sessionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { sessionId }) => {
    await requireUser(ctx);
    const { slotId } = await requireSession(ctx, sessionId);
    await watched(ctx, slotId);
    return null;
  },
});

/**
 * Keeps a running sandbox for another while: from now on its time is counted
 * anew. Throws `not_found`, `sandbox_not_running`.
 */
export const keep = userMutation({
  scope: ["launch", "control"],
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const user = await requireUser(ctx);
    const slotId = ctx.db.normalizeId("slots", args.slotId);
    const slot = slotId && (await ctx.db.get("slots", slotId));
    if (slot?.userId !== user._id) {
      throw refuse("not_found", "There is no such sandbox.");
    }
    if (slot.state.status !== "running") {
      throw refuse("sandbox_not_running", "The sandbox is not running.");
    }
    await limitControl(ctx, user._id);
    await log(ctx, { slot, what: { kind: "action", action: "extend" } });
    await acted(ctx, slot._id);
    // Its daemon is asked, which the provider counts as use.
    await lookForOwner(ctx, slot._id);
    return null;
  },
});

/**
 * The server's time in ms, for countdowns on machines whose clock is wrong. A
 * mutation, because the answer of a query is kept. Writes nothing.
 */
export const now = mutation({
  args: {},
  returns: v.number(),
  handler: async () => Date.now(),
});
