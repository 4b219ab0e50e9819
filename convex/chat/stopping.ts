import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { confirmActivity, suspect, withdraw } from "../lifecycle";
import { MAX_STOPS, STOP_AGAIN, STOP_GRACE } from "../model/chat/limits";
import { backoff } from "../model/timing";
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

/**
 * A sandbox speaks of a turn that has ended here: whatever of it still runs
 * there, as after a hand-over that arrived late, is nobody's.
 */
export const disown = internalMutation({
  args: { turnId: v.string() },
  returns: v.null(),
  handler: async (ctx, { turnId: id }) => {
    const turnId = ctx.db.normalizeId("turns", id);
    const turn = turnId && (await ctx.db.get("turns", turnId));
    const now = Date.now();
    // A hostile one speaks without end, and each stop is a call to it.
    if (turn?.state !== "ended" || now < turn.checkAt) return null;
    await ctx.db.patch("turns", turn._id, { checkAt: now + STOP_AGAIN });
    await halt(ctx, turn._id);
    return null;
  },
});

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
    attempt: v.optional(v.number()), // tries before this one
    outcome: v.union(
      v.literal("stopping"),
      v.literal("unknown_turn"),
      v.literal("unreachable"),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { turnId, attempt = 0, outcome }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (!turn) return null;
    if (outcome === "unreachable") {
      await suspect(ctx, turn.slotId);
      // One that goes on here is told again when its time is up.
      const again = attempt + 1;
      if (turn.state === "ended" && again < MAX_STOPS) {
        await ctx.scheduler.runAfter(backoff(again), internal.node.turns.halt, {
          turnId,
          attempt: again,
        });
      }
    } else await confirmActivity(ctx, turn.slotId);
    if (turn.state !== "running" || outcome === "stopping") return null;
    await endTurn(ctx, turn, { state: "stopped" });
    await dispatchTurns(ctx, turn.slotId);
    return null;
  },
});
