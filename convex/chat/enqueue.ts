import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { acted, wantRunning } from "../lifecycle";
import { START } from "../model/chat/apply";
import { QUEUE_DEADLINE, QUEUE_LOOK } from "../model/chat/limits";
import { deploymentProviders, effectiveModel } from "../model/providers";
import { dispatchTurns } from "./dispatch";
import { endTurn } from "./finish";

/** An allow-list has at most 50 providers; some keys may be of former ones. */
const MAX_KEYS = 200;

/** Queues a run of the agent that answers in `messageId`, and lets it go if it can. */
export async function enqueueTurn(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  messageId: Id<"messages">,
): Promise<void> {
  const now = Date.now();
  await acted(ctx, session.slotId);
  const turnId = await ctx.db.insert("turns", {
    sessionId: session._id,
    slotId: session.slotId,
    userId: session.userId,
    messageId,
    state: "queued",
    pushTokenHashes: [],
    attempt: 0,
    cursor: START,
    stopRequested: false,
    lastEventAt: now,
    checkAt: now + QUEUE_LOOK,
    deadlineAt: now + QUEUE_DEADLINE,
  });
  const model = await modelOf(ctx, session.userId);
  if (!model.ok) {
    const turn = await ctx.db.get("turns", turnId);
    if (turn) {
      await endTurn(ctx, turn, { state: "failed", error: model.problem });
    }
    return;
  }
  await wantRunning(ctx, session.slotId);
  await dispatchTurns(ctx, session.slotId);
}

/** The user's choice, the keys they have, and the model that follows from both. */
export async function modelOf(ctx: QueryCtx, userId: Id<"users"> | null) {
  const list = deploymentProviders();
  const choice =
    userId &&
    (await ctx.db
      .query("modelChoices")
      .withIndex("by_user", (q) => q.eq("userId", userId))
      .unique());
  const keys = userId
    ? await ctx.db
        .query("providerKeys")
        .withIndex("by_user_and_provider_id", (q) => q.eq("userId", userId))
        .take(MAX_KEYS)
    : [];
  const effective = effectiveModel(list, choice, (providerId) =>
    keys.some((key) => key.providerId === providerId),
  );
  return { ...effective, list, choice, keys };
}
