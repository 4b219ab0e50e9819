import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { stopSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(stopSandbox, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.stop, { slotId, once });
    return { slotId };
  }),
});
