import { api } from "@convex/_generated/api";
import { launchAnswer } from "@/server/api/answers";
import { readPage } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { createLaunch, listLaunches } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { takeLaunch } from "@/server/api/take-launch";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(createLaunch, takeLaunch),
  GET: serve(listLaunches, async ({ query, backend }) => {
    const { page, nextCursor } = await readPage(
      "launches",
      query,
      (paginationOpts) =>
        backend.query(api.launches.history, { paginationOpts }),
    );
    return { launches: page.map(launchAnswer), nextCursor };
  }),
});
