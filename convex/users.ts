import { v } from "convex/values";
import { internal } from "./_generated/api";
import type { Id } from "./_generated/dataModel";
import { internalMutation, type QueryCtx } from "./_generated/server";
import { getUser } from "./access";
import { userQuery } from "./functions";
import { slotsOf } from "./lifecycle/records";

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
 * For the operator, where the issuer's address changes and people keep their ids:
 * every identity of the old issuer gets one of the new that leads to the same
 * user. Whoever came under the new name before, and has nothing yet, is led there
 * as well; who has something keeps it, is counted (`apart`) and named in the log.
 * Counts are of one batch; it goes on by itself until done.
 */
export const changeIssuer = internalMutation({
  args: {
    from: v.string(),
    to: v.string(),
    after: v.optional(v.string()), // where it goes on
  },
  returns: v.object({
    linked: v.number(),
    apart: v.number(), // whose new name is another user's, who has something
    done: v.boolean(),
  }),
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
    let apart = 0;
    for (const { tokenIdentifier, userId } of known) {
      const renamed = to + tokenIdentifier.slice(from.length);
      const taken = await ctx.db
        .query("identities")
        .withIndex("by_token_identifier", (q) =>
          q.eq("tokenIdentifier", renamed),
        )
        .unique();
      if (taken?.userId === userId) continue;
      if (taken && (await hasAnything(ctx, taken.userId))) {
        console.error(`${renamed} leads to another user, who has something.`);
        apart += 1;
        continue;
      }
      if (taken) await ctx.db.patch("identities", taken._id, { userId });
      else {
        await ctx.db.insert("identities", { tokenIdentifier: renamed, userId });
      }
      linked += 1;
    }
    const last = known.at(-1)?.tokenIdentifier;
    const done = known.length < BATCH;
    if (!done && last) {
      await ctx.scheduler.runAfter(0, internal.users.changeIssuer, {
        ...{ from, to, after: last },
      });
    }
    return { linked, apart, done };
  },
});

/** What would be lost to whoever is led away from it: sandboxes, tokens, keys. */
async function hasAnything(
  ctx: QueryCtx,
  userId: Id<"users">,
): Promise<boolean> {
  const token = await ctx.db
    .query("personalTokens")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .first();
  const key = await ctx.db
    .query("providerKeys")
    .withIndex("by_user_and_provider_id", (q) => q.eq("userId", userId))
    .first();
  const slots = await slotsOf(ctx, userId);
  return token !== null || key !== null || slots.length > 0;
}
