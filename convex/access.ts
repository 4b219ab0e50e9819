import type { Doc } from "./_generated/dataModel";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { refuse } from "./model/errors";
import { requireScope, type Scope } from "./model/scopes";
import { sha256Hex } from "./model/seal";

/** The signed-in user, or null: signed out, or not known yet. */
export async function getUser(ctx: QueryCtx): Promise<Doc<"users"> | null> {
  const identity = await ctx.auth.getUserIdentity();
  if (!identity) return null;
  const known = await ctx.db
    .query("identities")
    .withIndex("by_token_identifier", (q) =>
      q.eq("tokenIdentifier", identity.tokenIdentifier),
    )
    .unique();
  return known && (await ctx.db.get("users", known.userId));
}

/** The signed-in user; makes their row at their first write. Throws `not_signed_in`. */
export async function requireUser(ctx: MutationCtx): Promise<Doc<"users">> {
  const user = await getUser(ctx);
  if (user) return user;
  const identity = await ctx.auth.getUserIdentity();
  if (!identity) {
    throw refuse("not_signed_in", "You are not signed in.");
  }
  const userId = await ctx.db.insert("users", {
    name: identity.name ?? identity.nickname ?? identity.subject,
  });
  await ctx.db.insert("identities", {
    tokenIdentifier: identity.tokenIdentifier,
    userId,
  });
  const made = await ctx.db.get("users", userId);
  if (!made) throw new Error("The user row just written cannot be read.");
  return made;
}

/** Issuer of an identity that stands for a personal token; `name` is the token's. No URL, so no real issuer has it. */
export const PERSONAL_TOKEN = "slipway";

/**
 * The context in the name of a personal token's owner; without a token, as it
 * is. From here on a program and its owner are told apart by nothing: there is
 * one way in, `getUser`. Mutations give `now`; queries do not read the clock,
 * and learn of an expiry by the row's end.
 *
 * Throws `not_signed_in` for a token that is not, or no longer, good, and
 * `scope_missing`.
 */
export async function asOwner<Ctx extends QueryCtx>(
  ctx: Ctx,
  token: string | undefined,
  scope: Scope | readonly Scope[],
  now?: number,
): Promise<Ctx> {
  if (token === undefined) return ctx;
  const { userId, scopes, name } = await requireToken(ctx, token, now);
  requireScope(scopes, scope);
  const known = await ctx.db
    .query("identities")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .first();
  if (!known) throw new Error(`User ${userId} has no identity.`);
  const { tokenIdentifier } = known;
  const issuer = PERSONAL_TOKEN;
  const identity = { tokenIdentifier, issuer, subject: userId, name };
  return { ...ctx, auth: { getUserIdentity: async () => identity } };
}

/**
 * The row of a personal token. Looked up by its hash, so the time it takes tells
 * nothing about any token, and what is stored opens no door.
 */
export async function requireToken(
  ctx: QueryCtx,
  token: string,
  now?: number,
): Promise<Doc<"personalTokens">> {
  const hash = await sha256Hex(token);
  const row = await ctx.db
    .query("personalTokens")
    .withIndex("by_hash", (q) => q.eq("hash", hash))
    .unique();
  const expired =
    now !== undefined && row?.expiresAt !== undefined && row.expiresAt <= now;
  if (row && !expired) return row;
  throw refuse(
    "not_signed_in",
    "This token is not valid here: it was revoked, has expired, or is mistyped.",
  );
}
