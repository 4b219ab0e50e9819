import { jsonOf } from "./answer";

export type ServerEvent = { event: string; data: unknown };

/** Waits for a step of a stream, and ends it where that takes too long. */
export type Heard = <T>(step: Promise<T>) => Promise<T>;

/** The events of a text/event-stream body, as they come; comments are skipped. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  heard: Heard,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await heard(reader.read());
      if (done) return; // what is cut off in the middle of an event is none
      held += decoder.decode(value, { stream: true });
      const blocks = held.split(/\r?\n\r?\n/);
      held = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel();
  }
}

function eventOf(block: string): ServerEvent | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  if (data.length === 0) return null;
  return { event, data: jsonOf(data.join("\n")) };
}
