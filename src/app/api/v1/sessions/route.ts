import { api } from "@convex/_generated/api";
import { paging } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { listSessions } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(listSessions, async ({ query, backend }) => {
    const { paginationOpts, nextOf } = paging("sessions", query);
    const result = await backend.query(api.sessions.history, {
      paginationOpts,
    });
    return { sessions: result.page, nextCursor: nextOf(result) };
  }),
});
