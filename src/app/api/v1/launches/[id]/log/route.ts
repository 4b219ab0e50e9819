import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { getLaunchLog } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getLaunchLog, async ({ params, backend }) => {
    const launchId = params.id;
    const events = await backend.query(api.logs.ofLaunch, { launchId });
    if (!events) throw new ApiError("not_found", "You have no such launch.");
    return { launchId, events };
  }),
});
