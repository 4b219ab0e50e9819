import { api } from "@convex/_generated/api";
import { launchAnswer } from "@/server/api/answers";
import { methods } from "@/server/api/methods";
import { deleteLaunch, getLaunch } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getLaunch, async ({ params, backend }) => {
    const launch = await backend.query(api.launches.get, {
      launchId: params.id,
    });
    if (!launch) throw new ApiError("not_found", "You have no such launch.");
    return launchAnswer(launch);
  }),
  DELETE: serve(deleteLaunch, async ({ params, once, backend }) => {
    const launchId = params.id;
    await backend.mutation(api.launches.cancel, { launchId, once });
    return { launchId };
  }),
});
