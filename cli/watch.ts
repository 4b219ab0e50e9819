import type { z } from "zod";
import { isBusy, problem, Refused, Unreachable, type Client } from "./client";

/** A proxy may cut a stream, or miss a look, and Slipway be busy; so often in a row without news it is given up. */
const MAX_CUTS = 5;

/** What was watched for did not come in time. */
export class TooLate extends Error {}

export type Watched<T> = {
  /** Of its stream. */
  path: string;
  /** The event that tells its whole state, of this shape. */
  event: string;
  shape: z.ZodType<T>;
  /** In ms; for as long as it goes on where it is left out. */
  limit?: number;
};

/**
 * Shows `look` each state of something, until it answers with what it watches
 * for. A stream that is cut is opened again: its first event is the whole state.
 *
 * @throws Refused, Unreachable, Misunderstood, and TooLate after the limit.
 */
export async function watch<T, R extends object>(
  client: Client,
  { path, event: wanted, shape, limit }: Watched<T>,
  look: (state: T) => R | null | Promise<R | null>,
): Promise<R> {
  const signal = limit === undefined ? undefined : AbortSignal.timeout(limit);
  for (let cuts = 0; ; cuts++) {
    try {
      for await (const { event, data } of client.events(path, signal)) {
        if (event === "problem") {
          throw new Refused(client.understand(problem, data));
        }
        if (event !== wanted) continue;
        const found = await look(client.understand(shape, data));
        if (found) return found;
        cuts = 0;
      }
    } catch (error) {
      const cut = error instanceof Unreachable || isBusy(error);
      // Out of time the stream breaks as if it were cut.
      if (!cut || (cuts >= MAX_CUTS && !signal?.aborted)) throw error;
    }
    if (signal?.aborted) throw new TooLate("It did not come in time.");
    if (cuts >= MAX_CUTS) {
      throw new Unreachable("The stream was cut again and again.");
    }
    await passed(client.times.pause);
  }
}

/**
 * Looks at what has no stream `every` so many ms, until `look` answers with what
 * it looks for. Looks that nobody answers are forgiven as cuts are.
 *
 * @throws Refused, Unreachable, Misunderstood, and TooLate after the limit (ms).
 */
export async function poll<R extends object>(
  client: Client,
  look: () => Promise<R | null>,
  { every, limit = Infinity }: { every: number; limit?: number },
): Promise<R> {
  const until = Date.now() + limit;
  for (let cuts = 0; ;) {
    try {
      const found = await look();
      if (found) return found;
      cuts = 0;
    } catch (error) {
      const cut = error instanceof Unreachable || isBusy(error);
      if (!cut || cuts >= MAX_CUTS) throw error;
      cuts++;
    }
    if (Date.now() > until) throw new TooLate("It did not come in time.");
    await passed(cuts > 0 ? client.times.pause : every);
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
