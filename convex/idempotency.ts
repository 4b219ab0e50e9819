import { v } from "convex/values";
import { requireUser } from "./access";
import { mutation } from "./_generated/server";
import { refuse } from "./model/errors";

const DAY = 24 * 60 * 60 * 1_000;
const MAX_LENGTH = 200;

/**
 * Claims an Idempotency-Key of the HTTP API for a route. Answers the client id
 * that stands for (user, route, key) during the 24 hours that follow the first
 * use: what it is given to runs once. Throws `idempotency_conflict` when the
 * key was used with another body, `not_signed_in`, `bad_request`.
 */
export const claim = mutation({
  args: { route: v.string(), key: v.string(), bodyHash: v.string() },
  returns: v.string(),
  handler: async (ctx, { route, key, bodyHash }) => {
    const user = await requireUser(ctx);
    if ([route, key, bodyHash].some((text) => text.length > MAX_LENGTH)) {
      throw refuse(
        "bad_request",
        `An Idempotency-Key may have ${MAX_LENGTH} characters.`,
      );
    }
    const known = await ctx.db
      .query("idempotency")
      .withIndex("by_user_and_route_and_key", (q) =>
        q.eq("userId", user._id).eq("route", route).eq("key", key),
      )
      .unique();
    if (known && known.expiresAt > Date.now()) {
      if (known.bodyHash === bodyHash) return known.answer;
      throw refuse(
        "idempotency_conflict",
        "This Idempotency-Key was used with a different request.",
      );
    }
    // A new id for a new period: the old one's answers expire with it.
    if (known) await ctx.db.delete("idempotency", known._id);
    const id = await ctx.db.insert("idempotency", {
      userId: user._id,
      route,
      key,
      bodyHash,
      answer: "",
      expiresAt: Date.now() + DAY,
    });
    await ctx.db.patch("idempotency", id, { answer: `key:${id}` });
    return `key:${id}`;
  },
});
