import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { deleteSession, getSession } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: serve(getSession, async ({ params, backend }) => {
    const sessionId = params.id;
    const session = await backend.query(api.sessions.get, { sessionId });
    if (session) return session;
    throw new ApiError("not_found", "You have no such conversation.");
  }),
  DELETE: serve(deleteSession, async ({ params, once, backend }) => {
    const sessionId = params.id;
    await backend.mutation(api.sessions.remove, { sessionId, once });
    return { sessionId };
  }),
});
