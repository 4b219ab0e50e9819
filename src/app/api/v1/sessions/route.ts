import { api } from "@convex/_generated/api";
import { readPage } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { listSessions } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(listSessions, async ({ query, backend }) => {
    const { page, nextCursor } = await readPage(
      "sessions",
      query,
      (paginationOpts) =>
        backend.query(api.sessions.history, { paginationOpts }),
    );
    return { sessions: page, nextCursor };
  }),
});
