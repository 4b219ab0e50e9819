import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { cancelLaunch } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(cancelLaunch, async ({ params, once, backend }) => {
    const launchId = params.id;
    await backend.mutation(api.launches.cancel, { launchId, once });
    return { launchId };
  }),
});
