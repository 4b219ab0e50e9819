import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { cancelReplace } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(cancelReplace, async ({ params, once, backend }) => {
    const { slotId } = params;
    await backend.mutation(api.sandboxes.cancelReplace, { slotId, once });
    return { slotId };
  }),
});
