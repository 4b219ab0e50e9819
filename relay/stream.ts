import type { Pulse } from "./watch";

/**
 * Passes a body on. Counts as life while it flows; `settled` once it is over, however it ends,
 * and maybe again. The
 * signal ends it too where nobody reads: nothing is pulled then that could fail.
 */
export function streamed(
  body: ReadableStream<Uint8Array> | null,
  life: Pulse,
  settled: () => void,
  signal: AbortSignal,
): ReadableStream<Uint8Array> | null {
  if (!body) {
    settled();
    return null;
  }
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = () => {
        settled();
        controller.error(brokenOff(signal.reason));
      };
      signal.addEventListener("abort", end, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          settled();
          controller.close();
          return;
        }
        life.active = true;
        controller.enqueue(value);
      } catch (error) {
        settled();
        controller.error(brokenOff(error));
      }
    },
    async cancel(reason) {
      settled();
      await reader.cancel(reason);
    },
  });
}

/**
 * Breaks the browser's connection: an orderly end would be a lie. A string comes
 * without a stack, as this is no bug.
 */
const brokenOff = (why: unknown) => `An answer broke off: ${String(why)}`;
