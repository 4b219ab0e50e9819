import { api } from "@convex/_generated/api";
import { retryStopAll } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(retryStopAll, async ({ once, backend }) => {
  return await backend.mutation(api.fleet.stopFailed, { once });
});
