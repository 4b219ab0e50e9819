import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { getMe } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getMe, async ({ backend }) => ({
    user: await backend.query(api.users.me, {}),
  })),
});
