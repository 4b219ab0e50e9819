import { api } from "@convex/_generated/api";
import { replaceSandbox } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(replaceSandbox, async ({ params, once, backend }) => {
  const { slotId } = params;
  await backend.mutation(api.sandboxes.replace, { slotId, once });
  return { slotId };
});
