export type ServerSentEvent = { event: string; data: string };

// A tool's arguments can be a whole file; a line beyond this is not one.
const MAX_PENDING_CHARS = 16 * 1024 * 1024;

/** Server-sent events of a byte stream. Comments (keep-alives) are skipped. */
export async function* serverSentEvents(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let pending = "";
  let event = "message";
  let data: string[] = [];
  for await (const bytes of stream) {
    pending += decoder.decode(bytes, { stream: true });
    if (pending.length > MAX_PENDING_CHARS) throw new Error("an endless line");
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") {
        if (data.length > 0) yield { event, data: data.join("\n") };
        event = "message";
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line.startsWith("event:")) {
        event = line.slice(6).trim();
      }
    }
  }
}
