import type { FunctionReturnType } from "convex/server";
import type { api } from "@convex/_generated/api";
import { messageText } from "../message-text";

/** Records as the HTTP API tells them. */

type LaunchView = NonNullable<FunctionReturnType<typeof api.launches.get>>;

/** Only a failed launch has an error, and only a cancelled one a reason. */
export function launchAnswer({ error, reason, ...launch }: LaunchView) {
  return { ...launch, ...(error && { error }), ...(reason && { reason }) };
}

type MessageView = FunctionReturnType<
  typeof api.sessions.messages
>["page"][number];

/** A message with its words as one text, and the parts they are made of. */
export function messageAnswer(message: MessageView) {
  const { messageId, role, state, createdAt, parts, cut } = message;
  return {
    ...{ messageId, role, state, createdAt, ...(cut && { cut }) },
    text: messageText(message),
    parts: parts.map(({ seq, body }) => ({ seq, ...body })),
  };
}
