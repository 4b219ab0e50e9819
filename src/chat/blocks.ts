import type { MessageView, PartBody } from "../data/types";
import type { Failure } from "../data/failure";

type ToolBody = Extract<PartBody, { kind: "tool" }>;

/** An answer as it is read: stored pieces of one text are one text again. */
export type Block =
  | { key: string; kind: "text"; text: string }
  | { key: string; kind: "reasoning"; text: string }
  | { key: string; kind: "tools"; tools: ToolBody[] }
  | { key: string; kind: "error"; error: Failure };

export function blocksOf(parts: MessageView["parts"]): Block[] {
  const blocks: Block[] = [];
  for (const { seq, body } of parts) {
    const last = blocks.at(-1);
    const key = String(seq);
    switch (body.kind) {
      case "text":
      case "reasoning":
        if (last?.kind === body.kind) last.text += body.text;
        else blocks.push({ key, kind: body.kind, text: body.text });
        break;
      case "tool":
        if (last?.kind === "tools") last.tools.push(body);
        else blocks.push({ key, kind: "tools", tools: [body] });
        break;
      case "error":
        blocks.push({ key, kind: "error", error: body.error });
    }
  }
  return blocks;
}

/** The words of an answer, for copying. */
export function wordsOf(message: MessageView): string {
  return blocksOf(message.parts)
    .flatMap((block) => (block.kind === "text" ? [block.text.trim()] : []))
    .join("\n\n");
}

/** Whether two versions of a message look the same; every update brings new objects. */
export function sameMessage(one: MessageView, other: MessageView): boolean {
  return (
    one.messageId === other.messageId &&
    one.state === other.state &&
    one.cut === other.cut &&
    one.text === other.text &&
    one.parts.length === other.parts.length &&
    one.parts.every((part, index) => {
      const twin = other.parts[index];
      return (
        twin !== undefined &&
        part.seq === twin.seq &&
        samePart(part.body, twin.body)
      );
    })
  );
}

function samePart(one: PartBody, other: PartBody): boolean {
  if (one.kind === "tool" && other.kind === "tool") {
    return (
      one.callId === other.callId &&
      one.status === other.status &&
      one.label === other.label &&
      one.args === other.args &&
      one.result === other.result &&
      one.endedAt === other.endedAt
    );
  }
  if (one.kind === "error" && other.kind === "error") {
    return (
      one.error.code === other.error.code &&
      one.error.message === other.error.message
    );
  }
  return (
    one.kind === other.kind &&
    "text" in one &&
    "text" in other &&
    one.text === other.text
  );
}
