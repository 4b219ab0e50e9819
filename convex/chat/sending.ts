import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import {
  internalMutation,
  internalQuery,
  type MutationCtx,
} from "../_generated/server";
import { confirmActivity, suspect } from "../lifecycle";
import { isLeaving } from "../lifecycle/activity";
import { getInstalled, requireSlot } from "../lifecycle/records";
import { log } from "../lifecycle/log";
import { STOP_AGAIN } from "../model/chat/limits";
import { afterSend } from "../model/chat/turn";
import { sendOf } from "../model/log";
import { failure } from "../model/errors";
import { failureValidator } from "../validators";
import { daemon, daemonOf } from "./daemon";
import { dispatchTurns, scheduleSend, waitAgain } from "./dispatch";
import { endTurn } from "./finish";
import { promptOf } from "./records";
import { oweStop, remote } from "./stops";

/** What the worker that hands a turn to its sandbox may ask and say. */

const fence = { turnId: v.id("turns"), token: v.string() };

function isItsSender(
  turn: Doc<"turns"> | null,
  token: string,
): turn is Doc<"turns"> {
  return turn?.state === "sending" && turn.token === token;
}

/**
 * Gives the sender its work, or null when it has been replaced. Every try has
 * a push token of its own and all stay good: an answer that was lost may have
 * been an acceptance, and then the sandbox pushes with the token of that try.
 */
export const beginSend = internalMutation({
  args: { ...fence, pushTokenHash: v.string() },
  returns: v.union(
    v.null(),
    v.object({
      daemon,
      sessionId: v.id("sessions"),
      text: v.string(),
      skill: v.object({
        name: v.string(),
        path: v.string(),
        key: v.string(),
      }),
    }),
  ),
  handler: async (ctx, { turnId, token, pushTokenHash }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (!isItsSender(turn, token)) return null;
    const session = await ctx.db.get("sessions", turn.sessionId);
    const slot = await requireSlot(ctx, turn.slotId);
    const address = await daemonOf(ctx, turn);
    const skill =
      session && (await getInstalled(ctx, slot, session.skillKey, session.sha));
    if (!session || !address) return null; // the check takes it up
    if (!skill) {
      // The disk was found to lack it meanwhile.
      await reinstallFor(ctx, turn, slot.generation);
      await dispatchTurns(ctx, turn.slotId);
      return null;
    }
    await ctx.db.patch("turns", turnId, {
      pushTokenHashes: [...turn.pushTokenHashes, pushTokenHash],
    });
    return {
      daemon: address,
      sessionId: session._id,
      text: (await promptOf(ctx, turn)).text,
      skill: { name: skill.name, path: skill.path, key: skill.skillKey },
    };
  },
});

/** Whether a turn is still on its way, and this sender's to hand over. */
export const isSending = internalQuery({
  args: fence,
  returns: v.boolean(),
  handler: async (ctx, { turnId, token }) =>
    isItsSender(await ctx.db.get("turns", turnId), token),
});

/** Takes the sender's report. */
export const sent = internalMutation({
  args: {
    ...fence,
    ...remote,
    ms: v.number(), // that the call took
    outcome: v.union(
      v.object({ kind: v.literal("accepted") }),
      v.object({ kind: v.literal("unreachable") }),
      v.object({ kind: v.literal("busy") }),
      v.object({ kind: v.literal("not_installed") }),
      v.object({ kind: v.literal("refused"), error: failureValidator }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { turnId, slotId, generation, token, ms, outcome }) => {
    const turn = await ctx.db.get("turns", turnId);
    const slot = await requireSlot(ctx, slotId);
    const what = sendOf(outcome, turn?.attempt ?? 0, ms);
    if (what) await log(ctx, { slot: { _id: slotId, generation }, what });
    const reached = outcome.kind !== "unreachable";
    // One that was replaced may report on what has been stopped since.
    const runs = slot.state.status === "running";
    if (reached && runs && generation === slot.generation) {
      await confirmActivity(ctx, slotId, ms);
    }
    if (!turn || turn.state === "ended") {
      // Stopped while it was on its way: what arrived, or still may, must not run on.
      const accepted = outcome.kind === "accepted";
      if (accepted || outcome.kind === "unreachable") {
        const over = { _id: turnId, slotId, generation };
        await oweStop(ctx, over, accepted ? 0 : STOP_AGAIN);
        await dispatchTurns(ctx, slotId);
      }
      return null;
    }
    if (!isItsSender(turn, token)) return null;
    const hasTime = Date.now() < turn.deadlineAt;
    const leaving = hasTime && (await isLeaving(ctx, slotId));
    const after = afterSend(turn.attempt, outcome, leaving);
    switch (after.next) {
      case "run":
        await ctx.db.patch("turns", turnId, { state: "running" });
        await ctx.db.patch("messages", turn.messageId, { state: "running" });
        break;
      case "retry":
        await ctx.db.patch("turns", turnId, { attempt: after.attempt });
        await scheduleSend(ctx, turnId, after.delay);
        if (after.suspect) await suspect(ctx, turn.slotId);
        break;
      case "reinstall":
        await forgetSkill(ctx, turn);
        await reinstallFor(ctx, turn, generation);
        await dispatchTurns(ctx, turn.slotId);
        break;
      case "fail": {
        const { error } = after;
        // Of tries that nobody answered, one may have arrived.
        const there = turn.attempt > 0 || after.suspect ? "perhaps" : "over";
        await endTurn(ctx, turn, { state: "failed", error }, there);
        if (after.suspect) await suspect(ctx, turn.slotId);
        await dispatchTurns(ctx, turn.slotId);
        break;
      }
    }
    return null;
  },
});

/** Waits for its skill to be put back, once for each disk: one that lies denies it for ever. */
async function reinstallFor(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  generation: number,
): Promise<void> {
  if (turn.reinstalledFor === generation) {
    const error = failure(
      "install_failed",
      "The sandbox says again that it does not have the skill it was given.",
    );
    return endTurn(ctx, turn, { state: "failed", error });
  }
  await waitAgain(ctx, turn._id);
  await ctx.db.patch("turns", turn._id, { reinstalledFor: generation });
}

/** The disk says a skill is not there, so the record may not say it is (I4). */
async function forgetSkill(
  ctx: MutationCtx,
  turn: Doc<"turns">,
): Promise<void> {
  const slot = await requireSlot(ctx, turn.slotId);
  const session = await ctx.db.get("sessions", turn.sessionId);
  if (!session) return;
  const { skillKey, sha } = session;
  const row = await getInstalled(ctx, slot, skillKey, sha);
  if (row) await ctx.db.delete("installedSkills", row._id);
}
