type Part = { body: { kind: string; text?: string } };

/**
 * A message's words as one text: what a person typed, or everything the agent
 * said, tool calls and thoughts left out.
 */
export function messageText(message: {
  role: "user" | "assistant";
  text: string;
  parts: Part[];
}): string {
  if (message.role === "user") return message.text;
  return message.parts
    .filter(({ body }) => body.kind === "text")
    .map(({ body }) => body.text ?? "")
    .join("");
}
