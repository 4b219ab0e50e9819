import { api } from "@convex/_generated/api";
import { stopSession } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const POST = serve(stopSession, async ({ params, once, backend }) => {
  const sessionId = params.id;
  await backend.mutation(api.sessions.stop, { sessionId, once });
  return { sessionId };
});
