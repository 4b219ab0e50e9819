import { randomUUID } from "node:crypto";
import { api } from "@convex/_generated/api";
import { messageAnswer } from "@/server/api/answers";
import { readPage } from "@/server/api/cursor";
import { methods } from "@/server/api/methods";
import { listMessages, sendMessage } from "@/server/api/operations";
import { serve } from "@/server/api/serve";
import { ApiError } from "@/server/problem";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(sendMessage, async (call) => {
    const { params, body, once, backend } = call;
    return await backend.mutation(api.sessions.send, {
      ...{ sessionId: params.id, text: body.text, clientId: randomUUID() },
      once,
    });
  }),
  GET: serve(listMessages, async ({ params, query, backend }) => {
    const sessionId = params.id;
    const [session, result] = await Promise.all([
      backend.query(api.sessions.get, { sessionId }),
      readPage(`messages ${sessionId}`, query, (paginationOpts) =>
        backend.query(api.sessions.messages, { sessionId, paginationOpts }),
      ),
    ]);
    if (!session) {
      throw new ApiError("not_found", "You have no such conversation.");
    }
    return {
      sessionId,
      messages: result.page.map(messageAnswer).reverse(),
      nextCursor: result.nextCursor,
    };
  }),
});
