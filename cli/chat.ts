import { Refused, type Client } from "./client";
import type { Output } from "./output";
import { messages, type Message } from "./shapes";
import { poll } from "./watch";
import { z } from "zod";

const sent = z.object({ messageId: z.string() });
const LOOK_MS = 400;
/** Small: of very long answers a page has only so much, and is asked for often. */
const PAGE = 20;
const ENDED = ["done", "stopped", "failed"];

/** Says something in a conversation and prints the answer as it grows. */
export async function chat(
  client: Client,
  sessionId: string,
  text: string,
  key: string | null,
  out: Output,
): Promise<0 | 1> {
  const path = `/sessions/${encodeURIComponent(sessionId)}/messages`;
  const { messageId } = await client.ask("POST", path, sent, {
    body: { text },
    key,
  });
  const print = printer(out);
  const look = async () => {
    const answer = await answerTo(client, path, messageId);
    if (answer) print(answer);
    return answer && ENDED.includes(answer.state) ? answer : null;
  };
  try {
    const { state } = await poll(client, look, { every: LOOK_MS });
    return state === "done" ? 0 : 1;
  } finally {
    out.status(null);
  }
}

/**
 * The agent's message after the one that was sent. That is in the newest page,
 * unless a `--key` was used before and much has been said since.
 *
 * @throws Refused where what was sent is in no page.
 */
async function answerTo(
  client: Client,
  path: string,
  messageId: string,
): Promise<Message | null> {
  let cursor: string | null | undefined;
  let following: Message | null = null; // the oldest of the page before
  do {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const query = `?limit=${PAGE}${after}`;
    const page = await client.ask("GET", `${path}${query}`, messages);
    const at = page.messages.findIndex((one) => one.messageId === messageId);
    if (at >= 0) return page.messages[at + 1] ?? following;
    following = page.messages[0] ?? following;
    cursor = page.nextCursor;
  } while (cursor);
  throw new Refused({
    code: "not_found",
    detail: "What was said is not in this conversation any more.",
    next: "Say it again, with another --key if you gave one.",
    status: 404,
  });
}

/** Prints what is new since it was called last. */
function printer(out: Output) {
  const lengths = new Map<number, number>();
  const shown = new Set<number>();
  let state = "";
  let midLine = false;
  const line = (text: string) => {
    if (midLine) out.write("\n");
    midLine = false;
    out.say(text);
  };
  return (answer: Message) => {
    if (answer.state === "queued") out.status("Waiting for the agent");
    for (const part of answer.parts) {
      if (part.kind === "text" && part.text !== undefined) {
        const before = lengths.get(part.seq) ?? 0;
        const more = part.text.slice(before);
        lengths.set(part.seq, part.text.length);
        if (!more) continue;
        out.write(more);
        midLine = !more.endsWith("\n");
      } else if (!shown.has(part.seq)) {
        shown.add(part.seq);
        if (part.kind === "tool") line(`  [${part.label ?? part.name}]`);
        if (part.error) line(`${part.error.message} ${part.error.next}`);
      }
    }
    if (ENDED.includes(answer.state)) {
      if (midLine) out.write("\n");
      if (answer.state === "stopped") line("Stopped.");
      out.emit({ event: "answer", ...answer });
    } else if (answer.state !== state) {
      state = answer.state;
      out.emit({ event: "state", state, messageId: answer.messageId });
    }
  };
}
