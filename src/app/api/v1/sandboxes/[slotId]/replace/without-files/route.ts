import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { replaceWithoutFiles } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(replaceWithoutFiles, async ({ params, once, backend }) => {
    const { slotId } = params;
    const given = { slotId, withoutFiles: true, once };
    await backend.mutation(api.sandboxes.cancelReplace, given);
    return { slotId };
  }),
});
