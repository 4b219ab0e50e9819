import { v } from "convex/values";
import { asOwner, getUser, requireToken, requireUser } from "./access";
import { internal } from "./_generated/api";
import type { Doc, Id } from "./_generated/dataModel";
import {
  action,
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server";
import { limitToken } from "./limits";
import { refuse } from "./model/errors";
import { SCOPES } from "./model/scopes";
import { randomToken, sha256Hex } from "./model/seal";
import { scope } from "./validators";

/** Tells a person, and a scanner of leaked secrets, what it is. */
const PREFIX = "slp_";
const SHOWN = PREFIX.length + 4;
/** Nobody has so many programs; a loop that makes tokens does. */
const MAX_TOKENS = 25;
const MAX_NAME = 60;
const MAX_DAYS = 365;
const DAY = 24 * 60 * 60 * 1_000;
const MINUTE = 60_000;

const tokenView = v.object({
  tokenId: v.id("personalTokens"),
  name: v.string(),
  prefix: v.string(),
  scopes: v.array(scope),
  createdAt: v.number(),
  lastUsedAt: v.union(v.number(), v.null()), // to the minute
  expiresAt: v.union(v.number(), v.null()),
});

/** The user's personal tokens, newest first. Never the tokens themselves. */
export const list = query({
  args: {},
  returns: v.array(tokenView),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    if (!user) return [];
    const tokens = await tokensOf(ctx, user._id).order("desc").take(MAX_TOKENS);
    return await Promise.all(
      tokens.map(async (token) => ({
        tokenId: token._id,
        name: token.name,
        prefix: token.prefix,
        scopes: token.scopes,
        createdAt: token._creationTime,
        lastUsedAt: (await useOf(ctx, token._id))?.at ?? null,
        expiresAt: token.expiresAt ?? null,
      })),
    );
  },
});

/**
 * Makes a token, which is answered here and never again. `days` until it
 * expires, 1 to 365; without it, it does not. Throws `bad_request`,
 * `too_many_tokens`, `rate_limited`, `not_signed_in`.
 */
export const create = action({
  args: {
    name: v.string(),
    scopes: v.array(scope),
    days: v.optional(v.number()),
  },
  returns: v.object({ tokenId: v.id("personalTokens"), token: v.string() }),
  handler: async (
    ctx,
    { name, scopes, days },
  ): Promise<{ tokenId: Id<"personalTokens">; token: string }> => {
    const token = `${PREFIX}${randomToken()}`;
    const tokenId = await ctx.runMutation(internal.tokens.store, {
      hash: await sha256Hex(token),
      prefix: token.slice(0, SHOWN),
      name: name.trim(),
      scopes,
      days,
    });
    return { tokenId, token };
  },
});

export const store = internalMutation({
  args: {
    hash: v.string(),
    prefix: v.string(),
    name: v.string(),
    scopes: v.array(scope),
    days: v.optional(v.number()),
  },
  returns: v.id("personalTokens"),
  handler: async (ctx, { days, ...given }) => {
    const user = await requireUser(ctx);
    requireSense(given.name, given.scopes.length, days);
    const all = await tokensOf(ctx, user._id).take(MAX_TOKENS);
    if (all.length === MAX_TOKENS) {
      throw refuse("too_many_tokens", `You have ${MAX_TOKENS} tokens already.`);
    }
    await limitToken(ctx, user._id);
    const expiresAt = days && Date.now() + days * DAY;
    const tokenId = await ctx.db.insert("personalTokens", {
      ...given,
      scopes: SCOPES.filter((one) => given.scopes.includes(one)),
      userId: user._id,
      expiresAt,
    });
    if (expiresAt) {
      const { expire } = internal.tokens;
      const expiry = await ctx.scheduler.runAt(expiresAt, expire, { tokenId });
      await ctx.db.patch("personalTokens", tokenId, { expiry });
    }
    return tokenId;
  },
});

/** Ends a token at once, also for what is watching with it. Throws `not_found`. */
export const revoke = mutation({
  args: { tokenId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const user = await requireUser(ctx);
    const tokenId = ctx.db.normalizeId("personalTokens", args.tokenId);
    const token = tokenId && (await ctx.db.get("personalTokens", tokenId));
    if (token?.userId !== user._id) {
      throw refuse("not_found", "You have no such token.");
    }
    // Not left for a year: a deployment has room for so many jobs and no more.
    if (token.expiry) await ctx.scheduler.cancel(token.expiry);
    await end(ctx, token);
    return null;
  },
});

export const expire = internalMutation({
  args: { tokenId: v.id("personalTokens") },
  returns: v.null(),
  handler: async (ctx, { tokenId }) => {
    const token = await ctx.db.get("personalTokens", tokenId);
    if (token) await end(ctx, token);
    return null;
  },
});

/**
 * Whether a token may be used for something of this scope; for routes whose
 * work needs no user. Throws `not_signed_in`, `scope_missing`.
 */
export const check = query({
  args: { token: v.string(), scope },
  returns: v.null(),
  handler: async (ctx, args) => {
    await asOwner(ctx, args.token, args.scope);
    return null;
  },
});

/** Notes that a token is in use: written once a minute, however often it is called. */
export const touch = mutation({
  args: { token: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const now = Date.now();
    const token = await requireToken(ctx, args.token, now);
    const use = await useOf(ctx, token._id);
    if (!use) {
      await ctx.db.insert("tokenUses", { tokenId: token._id, at: now });
    } else if (use.at <= now - MINUTE) {
      await ctx.db.patch("tokenUses", use._id, { at: now });
    }
    return null;
  },
});

function requireSense(
  name: string,
  scopes: number,
  days: number | undefined,
): void {
  if (name.length === 0 || name.length > MAX_NAME) {
    throw refuse("bad_request", `A name has 1 to ${MAX_NAME} characters.`);
  }
  if (scopes === 0) {
    throw refuse("bad_request", "A token needs at least one scope.");
  }
  const whole = days === undefined || Number.isInteger(days);
  if (!whole || (days !== undefined && (days < 1 || days > MAX_DAYS))) {
    throw refuse("bad_request", `A token lasts 1 to ${MAX_DAYS} whole days.`);
  }
}

async function end(
  ctx: MutationCtx,
  token: Doc<"personalTokens">,
): Promise<void> {
  const use = await useOf(ctx, token._id);
  if (use) await ctx.db.delete("tokenUses", use._id);
  await ctx.db.delete("personalTokens", token._id);
}

function tokensOf(ctx: QueryCtx, userId: Id<"users">) {
  return ctx.db
    .query("personalTokens")
    .withIndex("by_user", (q) => q.eq("userId", userId));
}

function useOf(ctx: QueryCtx, tokenId: Id<"personalTokens">) {
  return ctx.db
    .query("tokenUses")
    .withIndex("by_token", (q) => q.eq("tokenId", tokenId))
    .unique();
}
