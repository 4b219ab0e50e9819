import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { resolveSkill } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { linkOf } from "@/server/open-skill";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(resolveSkill, async ({ request, query, backend }) => {
    await backend.require("read");
    const link = linkOf(request, query.link);
    return await backend.action(api.skills.open, { link });
  }),
});
