import { api } from "@convex/_generated/api";
import { methods } from "@/server/api/methods";
import { retryMessage } from "@/server/api/operations";
import { serve } from "@/server/api/serve";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(retryMessage, async ({ params, once, backend }) => {
    const { messageId } = params;
    await backend.mutation(api.sessions.retry, { messageId, once });
    return { messageId };
  }),
});
