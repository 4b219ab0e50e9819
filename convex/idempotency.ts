import { v, type Infer } from "convex/values";
import { asOwner, getUser } from "./access";
import type { Doc, Id } from "./_generated/dataModel";
import { query, type MutationCtx, type QueryCtx } from "./_generated/server";
import { refuse } from "./model/errors";

const DAY = 24 * 60 * 60 * 1_000;
const MAX_LENGTH = 200;

/** A keyed request of the HTTP API: what makes it one, and a hash of all it asks. */
export const once = v.object({
  route: v.string(),
  key: v.string(),
  bodyHash: v.string(), // sha256 hex
});
export type Once = Infer<typeof once>;

/**
 * The JSON a keyed request was answered with before, or null. For requests that
 * need more than one call: the rest of the work is spared a retry. Throws
 * `idempotency_conflict`, `not_signed_in`, `scope_missing`.
 */
export const answered = query({
  args: {
    once,
    now: v.optional(v.number()), // pages of a release before ask without
    token: v.optional(v.string()),
  },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, args) => {
    const owner = await asOwner(ctx, args.token, ["launch", "control"]);
    const user = await getUser(owner);
    // The caller's clock: a query does not read one. What is changed is judged by ours.
    const row =
      user && (await replay(owner, user._id, args.once, args.now ?? 0));
    return row && row.answer;
  },
});

/**
 * What the same (user, route, key) was answered with in the past 24 hours, or
 * null. Throws `idempotency_conflict` when it asked for something else.
 */
export async function replay(
  ctx: QueryCtx,
  userId: Id<"users">,
  { route, key, bodyHash }: Once,
  now: number,
): Promise<Doc<"idempotency"> | null> {
  if ([route, key, bodyHash].some((text) => text.length > MAX_LENGTH)) {
    throw refuse(
      "bad_request",
      `An Idempotency-Key may have ${MAX_LENGTH} characters.`,
    );
  }
  const known = await ctx.db
    .query("idempotency")
    .withIndex("by_user_and_route_and_key", (q) =>
      q.eq("userId", userId).eq("route", apart(route)).eq("key", key),
    )
    .unique();
  if (!known || known.expiresAt <= now) return null;
  if (known.bodyHash === bodyHash) return known;
  throw refuse(
    "idempotency_conflict",
    "This Idempotency-Key was used with a different request.",
  );
}

/** Keeps the answer of a keyed request, in the transaction that made it. */
export async function remember(
  ctx: MutationCtx,
  userId: Id<"users">,
  { route, key, bodyHash }: Once,
  answer: string,
): Promise<void> {
  const row = { bodyHash, answer, expiresAt: Date.now() + DAY };
  const expired = await ctx.db
    .query("idempotency")
    .withIndex("by_user_and_route_and_key", (q) =>
      q.eq("userId", userId).eq("route", apart(route)).eq("key", key),
    )
    .unique();
  if (expired) await ctx.db.patch("idempotency", expired._id, row);
  else {
    const about = { userId, route: apart(route), key };
    await ctx.db.insert("idempotency", { ...about, ...row });
  }
}

/** Callers name the route; rows that functions keep for themselves have other names. */
function apart(route: string): string {
  return `once ${route}`;
}
