import { api } from "@convex/_generated/api";
import { stopAll } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const POST = serve(stopAll, async ({ once, backend }) => {
  return await backend.mutation(api.fleet.stopAll, { once });
});
