import { api } from "@convex/_generated/api";
import { getMe } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const GET = serve(getMe, async ({ backend }) => ({
  user: await backend.query(api.users.me, {}),
}));
