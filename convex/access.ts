import type { Doc } from "./_generated/dataModel";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { refuse } from "./model/errors";

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
