import { v } from "convex/values";
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
