import { api } from "@convex/_generated/api";
import { launchAnswer } from "@/server/api/answers";
import { paging } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { createLaunch, listLaunches } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { takeLaunch } from "@/server/api/take-launch";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(createLaunch, takeLaunch),
  GET: serve(listLaunches, async ({ query, backend }) => {
    const { paginationOpts, nextOf } = paging("launches", query);
    const result = await backend.query(api.launches.history, {
      paginationOpts,
    });
    return {
      launches: result.page.map(launchAnswer),
      nextCursor: nextOf(result),
    };
  }),
});
