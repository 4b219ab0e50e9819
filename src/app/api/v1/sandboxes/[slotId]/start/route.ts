import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { startSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(startSandbox, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.start, { slotId, once });
    return { slotId };
  }),
});
