import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { replaceSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(replaceSandbox, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.replace, { slotId, once });
    return { slotId };
  }),
});
