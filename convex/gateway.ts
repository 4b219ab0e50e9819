import { v, type Infer } from "convex/values";
import type { Doc, Id } from "./_generated/dataModel";
import {
  internalMutation,
  internalQuery,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server";
import { dispatchTurns } from "./chat/dispatch";
import { modelOf } from "./chat/enqueue";
import { endTurn } from "./chat/finish";
import { takePlace } from "./chat/places";
import { promptOf, turnsAt } from "./chat/records";
import { outOfTime } from "./model/chat/deadline";
import { MAX_ALL_REQUESTS, REQUEST_LEASE } from "./model/chat/limits";
import { charge as chargeTo, settled, UNSPENT } from "./model/chat/spending";
import { failureValidator } from "./validators";

/**
 * Who may use the model gateway: a sandbox, with the token of its boot, while a
 * turn of its slot is under way, within what that turn may spend. A request is
 * admitted, charged to a turn once it has been read, renewed while it runs, and
 * settled or released. The streaming itself is in chat/completions.
 */

/** The slot a token speaks for, or null. */
async function slotOf(
  ctx: QueryCtx,
  tokenHash: string,
): Promise<Doc<"slots"> | null> {
  const boot = await ctx.db
    .query("boots")
    .withIndex("by_gateway_token_hash", (q) =>
      q.eq("gatewayTokenHash", tokenHash),
    )
    .first();
  const slot = boot && (await ctx.db.get("slots", boot.slotId));
  return slot?.generation === boot?.generation ? slot : null;
}

/** The turns a generation has under way and in time. */
async function turnsUnderWay(
  ctx: QueryCtx,
  slotId: Id<"slots">,
  generation: number,
  now: number,
): Promise<Doc<"turns">[]> {
  const turns = await turnsAt(ctx, slotId);
  return turns.filter(
    (turn) => turn.generation === generation && !outOfTime(turn, now),
  );
}

const admission = v.union(
  v.object({ kind: v.literal("stranger") }),
  v.object({ kind: v.literal("idle") }), // its own sandbox, but nobody asked for anything
  v.object({ kind: v.literal("busy") }),
  v.object({ kind: v.literal("no_model"), error: failureValidator }),
  v.object({
    kind: v.literal("admitted"),
    requestId: v.id("modelRequests"),
    userId: v.id("users"),
    turns: v.array(
      v.object({
        turnId: v.id("turns"),
        text: v.string(),
        spent: v.object({ requests: v.number(), tokens: v.number() }),
      }),
    ),
    provider: v.object({
      id: v.string(),
      baseUrl: v.string(),
      defaultModel: v.union(v.string(), v.null()),
      contextLength: v.number(),
    }),
    model: v.string(),
    sealedKey: v.union(v.string(), v.null()),
  }),
);

/**
 * Whether the deployment has no place left. Asked before `admit`, not by it: what
 * reads every place is in conflict with all who take or keep one. So those who
 * ask in the same moment may be a few too many, which its other actions bear.
 */
export const full = internalQuery({
  args: { now: v.number() }, // from outside: an answer that is remembered knows no time
  returns: v.boolean(),
  handler: async (ctx, { now }) => {
    const places = await ctx.db
      .query("modelRequests")
      .withIndex("by_expires_at", (q) => q.gt("expiresAt", now))
      .take(MAX_ALL_REQUESTS);
    return places.length >= MAX_ALL_REQUESTS;
  },
});

/** Whether a request with this token goes through, and where to. Takes a place for it. */
export const admit = internalMutation({
  args: { tokenHash: v.string() },
  returns: admission,
  handler: async (ctx, { tokenHash }): Promise<Infer<typeof admission>> => {
    const slot = await slotOf(ctx, tokenHash);
    if (!slot) return { kind: "stranger" };
    const { userId, generation } = slot;
    const now = Date.now();
    const underWay = await turnsUnderWay(ctx, slot._id, generation, now);
    if (underWay.length === 0) return { kind: "idle" };
    // Its agent is about to hear of the stop: a final no would be a failure to it.
    const turns = underWay.filter(({ stopRequested }) => !stopRequested);
    if (turns.length === 0) return { kind: "busy" };
    const model = await modelOf(ctx, userId);
    if (!model.ok) return { kind: "no_model", error: model.problem };
    const requestId = await takePlace(ctx, slot);
    if (!requestId) return { kind: "busy" };
    const { id, baseUrl, keyless } = model.provider;
    const { defaultModel, contextLength } = model.provider;
    const key = model.keys.find(({ providerId }) => providerId === id);
    return {
      kind: "admitted",
      requestId,
      userId,
      turns: await Promise.all(
        turns.map(async (turn) => {
          const { text } = await promptOf(ctx, turn);
          return { turnId: turn._id, text, spent: turn.spent ?? UNSPENT };
        }),
      ),
      provider: { id, baseUrl, defaultModel, contextLength },
      model: model.model,
      sealedKey: keyless ? null : (key?.sealed ?? null),
    };
  },
});

const charged = v.union(
  v.object({ kind: v.literal("charged") }),
  v.object({ kind: v.literal("over") }),
  v.object({ kind: v.literal("spent"), error: failureValidator }),
);

/**
 * Reserves tokens of a turn's allowance for a request, which is this turn's from
 * now on. `over`: the turn has ended meanwhile, or is to stop. `spent`: the
 * allowance is used up; that ends the turn, for its agent can do nothing more.
 */
export const charge = internalMutation({
  args: {
    requestId: v.id("modelRequests"),
    turnId: v.id("turns"),
    tokens: v.number(),
  },
  returns: charged,
  handler: async (ctx, args): Promise<Infer<typeof charged>> => {
    const { requestId, turnId, tokens } = args;
    const turn = await ctx.db.get("turns", turnId);
    if (!turn || turn.stopRequested) return { kind: "over" };
    if (!(await renewed(ctx, requestId, turnId))) return { kind: "over" };
    const answer = chargeTo(turn.spent, tokens);
    if (answer.ok) {
      await ctx.db.patch("turns", turn._id, { spent: answer.spent });
      return { kind: "charged" };
    }
    const { error } = answer;
    await endTurn(ctx, turn, { state: "failed", error });
    await dispatchTurns(ctx, turn.slotId);
    return { kind: "spent", error };
  },
});

/** Whether a request may go on. Asked every few seconds, which keeps its place. */
export const renew = internalMutation({
  args: { requestId: v.id("modelRequests") },
  returns: v.boolean(),
  handler: (ctx, { requestId }) => renewed(ctx, requestId),
});

/** @param charged the turn it is charged to just now */
async function renewed(
  ctx: MutationCtx,
  requestId: Id<"modelRequests">,
  charged?: Id<"turns">,
): Promise<boolean> {
  const request = await ctx.db.get("modelRequests", requestId);
  const slot = request && (await ctx.db.get("slots", request.slotId));
  if (!slot || slot.generation !== request.generation) return false;
  const now = Date.now();
  const turns = await turnsUnderWay(ctx, slot._id, slot.generation, now);
  const turnId = charged ?? request.turnId;
  // One that is still being read is nobody's yet: any turn will do.
  if (!turns.some(({ _id }) => !turnId || _id === turnId)) return false;
  const expiresAt = now + REQUEST_LEASE;
  await ctx.db.patch("modelRequests", requestId, { turnId, expiresAt });
  return true;
}

/** Records what a charged request came to; `usage` null where nobody counted. */
export const settle = internalMutation({
  args: {
    requestId: v.id("modelRequests"),
    turnId: v.id("turns"),
    reserved: v.number(),
    usage: v.union(
      v.null(),
      v.object({ promptTokens: v.number(), completionTokens: v.number() }),
    ),
    error: v.union(v.null(), failureValidator),
  },
  returns: v.null(),
  handler: async (ctx, { requestId, turnId, reserved, usage, error }) => {
    await leave(ctx, requestId);
    const turn = await ctx.db.get("turns", turnId);
    if (!turn) return null;
    const before = turn.usage ?? { promptTokens: 0, completionTokens: 0 };
    await ctx.db.patch("turns", turnId, {
      spent: settled(turn.spent ?? UNSPENT, reserved, usage),
      // A success takes back what an earlier try of the agent failed with.
      modelError: error ?? undefined,
      ...(usage && {
        usage: {
          promptTokens: before.promptTokens + usage.promptTokens,
          completionTokens: before.completionTokens + usage.completionTokens,
        },
      }),
    });
    return null;
  },
});

/** Gives back the place of a request that was not passed on. */
export const release = internalMutation({
  args: { requestId: v.id("modelRequests") },
  returns: v.null(),
  handler: async (ctx, { requestId }) => {
    await leave(ctx, requestId);
    return null;
  },
});

async function leave(
  ctx: MutationCtx,
  requestId: Id<"modelRequests">,
): Promise<void> {
  const request = await ctx.db.get("modelRequests", requestId);
  if (request) await ctx.db.delete("modelRequests", requestId);
}

/** Whether a token is one of a sandbox there is. */
export const known = internalQuery({
  args: { tokenHash: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { tokenHash }) =>
    (await slotOf(ctx, tokenHash)) !== null,
});
