import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { stopAll } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(stopAll, async ({ once, backend }) => {
    return await backend.mutation(api.fleet.stopAll, { once });
  }),
});
