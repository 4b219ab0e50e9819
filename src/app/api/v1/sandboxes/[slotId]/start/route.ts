import { api } from "@convex/_generated/api";
import { startSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(startSandbox, async ({ params, once, backend }) => {
  const { slotId } = params;
  await backend.mutation(api.sandboxes.start, { slotId, once });
  return { slotId };
});
