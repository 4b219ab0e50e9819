import { expect } from "bun:test";

/** Server-sent events, read as a program would. */

type Event = {
  event: string;
  data: { state?: string; code?: string; position?: number | null };
};

/** All events of a stream that ends by itself. */
export async function readEvents(response: Response): Promise<Event[]> {
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  return parse(await response.text());
}

export function parse(text: string): Event[] {
  return text.split("\n\n").flatMap((block) => {
    const event = /^event: (.+)$/m.exec(block)?.[1];
    const data = /^data: (.+)$/m.exec(block)?.[1];
    return event && data
      ? [{ event, data: JSON.parse(data) as Event["data"] }]
      : [];
  });
}

/** A stream, piece by piece: up to and with a word, or to its end. */
export function reading(response: Response) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  return {
    async until(word: string | null): Promise<string> {
      for (let text = ""; ;) {
        if (word !== null && text.includes(word)) return text;
        const chunk = await reader?.read();
        if (chunk && !chunk.done) text += decoder.decode(chunk.value);
        else if (word === null) return text;
        else throw new Error(`It ended with: ${text}`);
      }
    },
  };
}
