import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "./script";
import { chunksOf, type Usage } from "./wire";

/**
 * Writes an answer as server-sent events, a word at a time, until the client is
 * gone. After `cutAfter` chunks the connection breaks, as it does when a
 * provider crashes: without an end mark.
 */
export async function streamCompletion(
  response: ServerResponse,
  options: {
    model: string;
    step: Step;
    usage: Usage;
    paceMs: number;
    cutAfter: number;
  },
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  });
  const chunks = chunksOf(options.model, options.step, options.usage);
  for (const [sent, chunk] of chunks.entries()) {
    if (gone.signal.aborted) return;
    if (sent >= options.cutAfter) {
      response.destroy();
      return;
    }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    if (options.paceMs > 0) await pause(options.paceMs, gone.signal);
  }
  response.end("data: [DONE]\n\n");
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
