import { api } from "@convex/_generated/api";
import { cancelReplace } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(cancelReplace, async ({ params, once, backend }) => {
  const { slotId } = params;
  await backend.mutation(api.sandboxes.cancelReplace, { slotId, once });
  return { slotId };
});
