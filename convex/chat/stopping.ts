import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { confirmActivity, suspect, abandonIfUnwanted } from "../lifecycle";
import { log } from "../lifecycle/log";
import { requireSlot } from "../lifecycle/records";
import { limitOf } from "../model/chat/deadline";
import { STOP_AGAIN, STOP_GRACE } from "../model/chat/limits";
import { canBeTold, daemon, daemonOf } from "./daemon";
import { dispatchTurns } from "./dispatch";
import { endTurn } from "./finish";
import { oweStop, remote, settleStop } from "./stops";

/** How a turn is stopped: at once where it waits, by a call where it runs. */

/**
 * Stops a turn in whatever state it is; its message is `stopped` or will be.
 * Callers dispatch, for its sandbox may have to be told.
 */
export async function stopTurn(
  ctx: MutationCtx,
  turn: Doc<"turns">,
): Promise<void> {
  if (turn.state !== "running") {
    await endTurn(ctx, turn, { state: "stopped" });
    await abandonIfUnwanted(ctx, turn.slotId);
  } else if (!turn.stopRequested) {
    const now = Date.now();
    await ctx.db.patch("turns", turn._id, {
      stopRequested: true,
      deadlineAt: now + STOP_GRACE,
      checkAt: now + STOP_GRACE,
    });
    await oweStop(ctx, turn);
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
    // A hostile one speaks without end, and each stop is a call to it, which
    // the provider takes for use. An honest one has ended by itself by then.
    if (turn?.state !== "ended" || now >= limitOf(turn)) return null;
    if (now < turn.checkAt) return null;
    await ctx.db.patch("turns", turn._id, { checkAt: now + STOP_AGAIN });
    await oweStop(ctx, turn);
    await dispatchTurns(ctx, turn.slotId);
    return null;
  },
});

/** Where to send the stops of turns, while their sandbox can be told. */
export const beginHalt = internalMutation({
  args: remote,
  returns: v.union(v.null(), daemon),
  handler: (ctx, args) => daemonOf(ctx, args, canBeTold),
});

const HALTS = {
  stopping: ["taken", true],
  unknown_turn: ["there is no such message", true],
  unreachable: ["no answer", false],
} as const;

/** Takes the answers to stops. */
export const halted = internalMutation({
  args: {
    ...remote,
    ms: v.number(), // that the slowest call took
    answers: v.array(
      v.object({
        stopId: v.id("stops"),
        turnId: v.id("turns"),
        outcome: v.union(
          v.literal("stopping"),
          v.literal("unknown_turn"),
          v.literal("unreachable"),
        ),
      }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { slotId, generation, answers, ms }) => {
    const slot = await requireSlot(ctx, slotId);
    if (slot.generation !== generation) return null;
    const reached = answers.some(({ outcome }) => outcome !== "unreachable");
    const serves = slot.state.status === "running";
    if (!reached) await suspect(ctx, slotId);
    else if (serves) await confirmActivity(ctx, slotId, ms);
    for (const { stopId, turnId, outcome } of answers) {
      const turn = await ctx.db.get("turns", turnId);
      const runs = turn?.state === "running";
      await settleStop(ctx, stopId, outcome, runs);
      if (!runs) continue;
      // Only of what somebody stopped: a hostile one is told again and again.
      const [words, ok] = HALTS[outcome];
      const about = { kind: "call", call: "halt", ok, ms } as const;
      await log(ctx, { slot, what: { ...about, outcome: words } });
      if (outcome === "stopping") continue;
      const there = outcome === "unknown_turn" ? "over" : "perhaps";
      await endTurn(ctx, turn, { state: "stopped" }, there);
    }
    await dispatchTurns(ctx, slotId);
    return null;
  },
});
