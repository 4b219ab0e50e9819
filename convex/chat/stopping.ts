import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { confirmActivity, suspect, withdraw } from "../lifecycle";
import { STOP_GRACE } from "../model/chat/limits";
import { daemon, daemonOf } from "./daemon";
import { dispatchTurns } from "./dispatch";
import { endTurn, halt } from "./finish";

/** How a turn is stopped: at once where it waits, by a call where it runs. */

/** Stops a turn in whatever state it is; its message is `stopped` or will be. */
export async function stopTurn(
  ctx: MutationCtx,
  turn: Doc<"turns">,
): Promise<void> {
  if (turn.state !== "running") {
    await endTurn(ctx, turn, { state: "stopped" });
    await withdraw(ctx, turn.slotId);
  } else if (!turn.stopRequested) {
    const now = Date.now();
    await ctx.db.patch("turns", turn._id, {
      stopRequested: true,
      deadlineAt: now + STOP_GRACE,
      checkAt: now + STOP_GRACE,
    });
    await halt(ctx, turn._id);
  }
}

/** Where to send a turn's stop; also for one that has ended here but may run on there. */
export const beginHalt = internalMutation({
  args: { turnId: v.id("turns") },
  returns: v.union(v.null(), daemon),
  handler: async (ctx, { turnId }) => {
    const turn = await ctx.db.get("turns", turnId);
    return turn && daemonOf(ctx, turn);
  },
});

/** Takes the answer to a stop. */
export const halted = internalMutation({
  args: {
    turnId: v.id("turns"),
    outcome: v.union(
      v.literal("stopping"),
      v.literal("unknown_turn"),
      v.literal("unreachable"),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { turnId, outcome }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (!turn) return null;
    if (outcome === "unreachable") await suspect(ctx, turn.slotId);
    else await confirmActivity(ctx, turn.slotId);
    if (turn.state !== "running" || outcome === "stopping") return null;
    await endTurn(ctx, turn, { state: "stopped" });
    await dispatchTurns(ctx, turn.slotId);
    return null;
  },
});
