import { z } from "zod";
import { api } from "@convex/_generated/api";
import { readBody } from "@/server/body";
import { clientIdFor } from "@/server/idempotency";
import { messageText } from "@/server/message-text";
import { ApiError } from "@/server/problem";
import { route } from "@/server/route";

const body = z.object({ text: z.string() });
/** 32,000 characters of four bytes, escaped, with room for the rest. */
const MAX_BYTES = 256 * 1024;

/** Sends a message; the agent's answer follows in the list of messages. */
export const POST = route<{ id: string }>(
  async ({ request, params, backend }) => {
    const { text } = await readBody(request, body, MAX_BYTES);
    const clientId = await clientIdFor(
      request,
      backend,
      "POST /v1/sessions/messages",
      { sessionId: params.id, text },
    );
    const { messageId } = await backend.mutation(api.sessions.send, {
      sessionId: params.id,
      text,
      clientId,
    });
    return { status: 202, body: { messageId } };
  },
);

/** The newest 200 messages, oldest first, with the parts of each answer. */
export const GET = route<{ id: string }>(async ({ params, backend }) => {
  const sessionId = params.id;
  const [session, messages] = await Promise.all([
    backend.query(api.sessions.get, { sessionId }),
    backend.query(api.sessions.listMessages, { sessionId }),
  ]);
  if (!session) {
    throw new ApiError("not_found", "You have no such conversation.");
  }
  return {
    body: {
      sessionId,
      messages: messages.map((message) => ({
        messageId: message.messageId,
        role: message.role,
        text: messageText(message),
        state: message.state,
        createdAt: message.createdAt,
        parts: message.parts.map(({ seq, body: part }) => ({ seq, ...part })),
      })),
    },
  };
});
