import { v, type Infer } from "convex/values";
import type { Doc } from "./_generated/dataModel";
import {
  internalMutation,
  internalQuery,
  type QueryCtx,
} from "./_generated/server";
import { modelOf } from "./chat/enqueue";
import { turnsAt } from "./chat/records";
import { failureValidator } from "./validators";

/**
 * Who may use the model gateway: a sandbox, with the token of its boot, while a
 * turn of its slot is under way. The streaming itself is in chat/relay.
 */

type Standing =
  | { kind: "stranger" }
  | { kind: "idle" } // its own sandbox, but nobody asked for anything
  | { kind: "working"; slot: Doc<"slots">; turns: Doc<"turns">[] };

async function standingOf(ctx: QueryCtx, tokenHash: string): Promise<Standing> {
  const boot = await ctx.db
    .query("boots")
    .withIndex("by_gateway_token_hash", (q) =>
      q.eq("gatewayTokenHash", tokenHash),
    )
    .first();
  const slot = boot && (await ctx.db.get("slots", boot.slotId));
  if (!slot || slot.generation !== boot.generation) {
    return { kind: "stranger" };
  }
  const turns = await turnsAt(ctx, slot._id);
  const own = turns.filter((turn) => turn.generation === slot.generation);
  return own.length > 0
    ? { kind: "working", slot, turns: own }
    : { kind: "idle" };
}

const admission = v.union(
  v.object({ kind: v.literal("stranger") }),
  v.object({ kind: v.literal("idle") }),
  v.object({ kind: v.literal("no_model"), error: failureValidator }),
  v.object({
    kind: v.literal("admitted"),
    userId: v.id("users"),
    turns: v.array(v.object({ turnId: v.id("turns"), text: v.string() })),
    provider: v.object({ id: v.string(), baseUrl: v.string() }),
    model: v.string(),
    sealedKey: v.union(v.string(), v.null()),
  }),
);

/** Whether a request with this token goes through, and where to. */
export const admit = internalQuery({
  args: { tokenHash: v.string() },
  returns: admission,
  handler: async (ctx, { tokenHash }): Promise<Infer<typeof admission>> => {
    const standing = await standingOf(ctx, tokenHash);
    if (standing.kind !== "working") return { kind: standing.kind };
    const { userId } = standing.slot;
    const model = await modelOf(ctx, userId);
    if (!model.ok) return { kind: "no_model", error: model.problem };
    const { provider } = model;
    const key = model.keys.find(({ providerId }) => providerId === provider.id);
    return {
      kind: "admitted",
      userId,
      turns: standing.turns.map(({ _id, text }) => ({ turnId: _id, text })),
      provider: { id: provider.id, baseUrl: provider.baseUrl },
      model: model.model,
      sealedKey: provider.keyless ? null : (key?.sealed ?? null),
    };
  },
});

/** What the token is good for at this moment. */
export const standing = internalQuery({
  args: { tokenHash: v.string() },
  returns: v.union(
    v.literal("stranger"),
    v.literal("idle"),
    v.literal("working"),
  ),
  handler: async (ctx, { tokenHash }) =>
    (await standingOf(ctx, tokenHash)).kind,
});

/** Records what a request to a model came to. */
export const settle = internalMutation({
  args: {
    turnId: v.id("turns"),
    usage: v.union(
      v.null(),
      v.object({ promptTokens: v.number(), completionTokens: v.number() }),
    ),
    error: v.union(v.null(), failureValidator),
  },
  returns: v.null(),
  handler: async (ctx, { turnId, usage, error }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (!turn) return null;
    const before = turn.usage ?? { promptTokens: 0, completionTokens: 0 };
    await ctx.db.patch("turns", turnId, {
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
