import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { stopSession } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(stopSession, async ({ params, once, backend }) => {
    const sessionId = params.id;
    await backend.mutation(api.sessions.stop, { sessionId, once });
    return { sessionId };
  }),
});
