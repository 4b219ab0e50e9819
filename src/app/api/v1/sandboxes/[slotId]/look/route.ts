import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { lookAtSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(lookAtSandbox, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.look, { slotId, once });
    return { slotId };
  }),
});
