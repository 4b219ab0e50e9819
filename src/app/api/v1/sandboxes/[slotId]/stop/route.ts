import { api } from "@convex/_generated/api";
import { stopSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(stopSandbox, async ({ params, once, backend }) => {
  const { slotId } = params;
  await backend.mutation(api.sandboxes.stop, { slotId, once });
  return { slotId };
});
