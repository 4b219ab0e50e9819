import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { confirmActivity, suspect } from "../lifecycle";
import { getInstalled, requireSlot } from "../lifecycle/records";
import { QUEUE_LOOK } from "../model/chat/limits";
import { afterSend } from "../model/chat/turn";
import { failureValidator } from "../validators";
import { daemon, daemonOf } from "./daemon";
import { dispatchTurns, scheduleSend } from "./dispatch";
import { endTurn } from "./finish";

/** What the worker that hands a turn to its sandbox may ask and say. */

const fence = { turnId: v.id("turns"), token: v.string() };

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
    if (turn?.state !== "sending" || turn.token !== token) return null;
    const session = await ctx.db.get("sessions", turn.sessionId);
    const slot = await requireSlot(ctx, turn.slotId);
    const address = await daemonOf(ctx, turn);
    const skill =
      session && (await getInstalled(ctx, slot, session.skillKey, session.sha));
    if (!session || !address || !skill) return null; // the check takes it up
    await ctx.db.patch("turns", turnId, {
      pushTokenHashes: [...turn.pushTokenHashes, pushTokenHash],
    });
    return {
      daemon: address,
      sessionId: session._id,
      text: turn.text,
      skill: { name: skill.name, path: skill.path, key: skill.skillKey },
    };
  },
});

/** Takes the sender's report. Answers whether the turn must be stopped there. */
export const sent = internalMutation({
  args: {
    ...fence,
    outcome: v.union(
      v.object({ kind: v.literal("accepted") }),
      v.object({ kind: v.literal("unreachable") }),
      v.object({ kind: v.literal("busy") }),
      v.object({ kind: v.literal("not_installed") }),
      v.object({ kind: v.literal("refused"), error: failureValidator }),
    ),
  },
  returns: v.object({ halt: v.boolean() }),
  handler: async (ctx, { turnId, token, outcome }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (!turn) return { halt: outcome.kind === "accepted" };
    if (outcome.kind !== "unreachable") {
      await confirmActivity(ctx, turn.slotId);
    }
    if (turn.state !== "sending" || turn.token !== token) {
      // Stopped while it was on its way: what arrived must not run on.
      return {
        halt: turn.state === "ended" && outcome.kind === "accepted",
      };
    }
    const after = afterSend(turn.attempt, outcome);
    switch (after.next) {
      case "run":
        await ctx.db.patch("turns", turnId, { state: "running" });
        await ctx.db.patch("messages", turn.messageId, { state: "running" });
        break;
      case "retry":
        await ctx.db.patch("turns", turnId, { attempt: turn.attempt + 1 });
        await scheduleSend(ctx, turnId, after.delay);
        if (after.suspect) await suspect(ctx, turn.slotId);
        break;
      case "reinstall":
        await forgetSkill(ctx, turn);
        await ctx.db.patch("turns", turnId, {
          state: "queued",
          token: undefined,
          checkAt: Date.now() + QUEUE_LOOK,
        });
        await dispatchTurns(ctx, turn.slotId);
        break;
      case "fail":
        await endTurn(ctx, turn, { state: "failed", error: after.error });
        if (after.suspect) await suspect(ctx, turn.slotId);
        await dispatchTurns(ctx, turn.slotId);
        break;
    }
    return { halt: false };
  },
});

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
