import type { FunctionReturnType } from "convex/server";
import type { api } from "@convex/_generated/api";
import { messageText } from "../message-text";

/** Records as the HTTP API tells them. */

type LaunchView = NonNullable<FunctionReturnType<typeof api.launches.get>>;

/** Only a failed launch has an error. */
export function launchAnswer({ error, ...launch }: LaunchView) {
  return { ...launch, ...(error && { error }) };
}

type MessageView = FunctionReturnType<
  typeof api.sessions.messages
>["page"][number];

/** A message with its words as one text, and the parts they are made of. */
export function messageAnswer(message: MessageView) {
  const { messageId, role, state, createdAt, parts } = message;
  return {
    ...{ messageId, role, state, createdAt },
    text: messageText(message),
    parts: parts.map(({ seq, body }) => ({ seq, ...body })),
  };
}
