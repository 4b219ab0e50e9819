import { v } from "convex/values";
import { internal } from "./_generated/api";
import { internalMutation } from "./_generated/server";
import { getUser } from "./access";
import { userQuery } from "./functions";

/** The signed-in user, or null before their first write. */
export const me = userQuery({
  scope: "read",
  args: {},
  returns: v.union(
    v.object({ userId: v.id("users"), name: v.string() }),
    v.null(),
  ),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    return user && { userId: user._id, name: user.name };
  },
});

/** Identities read by one transaction. */
const BATCH = 200;

/**
 * For the operator, after the issuer's address has changed while people kept
 * their ids: every identity of the old issuer gets one of the new that leads to
 * the same user. What exists already is left alone. Goes on by itself until done.
 */
export const changeIssuer = internalMutation({
  args: {
    from: v.string(),
    to: v.string(),
    after: v.optional(v.string()), // where it goes on
  },
  returns: v.object({ linked: v.number(), done: v.boolean() }),
  handler: async (ctx, { from, to, after }) => {
    // A token identifier is "issuer|subject"; "}" is the character after "|".
    const known = await ctx.db
      .query("identities")
      .withIndex("by_token_identifier", (q) =>
        q
          .gt("tokenIdentifier", after ?? `${from}|`)
          .lt("tokenIdentifier", `${from}}`),
      )
      .take(BATCH);
    let linked = 0;
    for (const { tokenIdentifier, userId } of known) {
      const renamed = to + tokenIdentifier.slice(from.length);
      const taken = await ctx.db
        .query("identities")
        .withIndex("by_token_identifier", (q) =>
          q.eq("tokenIdentifier", renamed),
        )
        .unique();
      if (taken) continue;
      await ctx.db.insert("identities", { tokenIdentifier: renamed, userId });
      linked += 1;
    }
    const last = known.at(-1)?.tokenIdentifier;
    const done = known.length < BATCH;
    if (!done && last) {
      await ctx.scheduler.runAfter(0, internal.users.changeIssuer, {
        ...{ from, to, after: last },
      });
    }
    return { linked, done };
  },
});
