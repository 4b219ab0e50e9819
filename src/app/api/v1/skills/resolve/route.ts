import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { resolveSkill } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(resolveSkill, async ({ query, backend }) => {
    await backend.require("read");
    return await backend.action(api.skills.open, query);
  }),
});
