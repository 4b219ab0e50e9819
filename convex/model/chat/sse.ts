import { usageOf, type Usage } from "./completion";
import { chunkError, openAiError, unavailable } from "./upstream";
import type { Failure } from "../errors";

/** One event of a provider's stream; a larger one is not a chunk of words. */
const MAX_EVENT_BYTES = 1024 * 1024;

const NEWLINE = 10;
const RETURN = 13;

/**
 * Passes a provider's event stream on, event by event, as its bytes arrive.
 * Learns the usage from it, and replaces an error in it by our own, for the
 * provider's may repeat the key.
 */
export class ModelStream {
  usage: Usage | null = null;
  error: Failure | null = null;
  /** The provider said that it is done. */
  complete = false;
  #buffer = new Uint8Array(0);

  /** What may be passed on now that `chunk` has arrived. */
  take(chunk: Uint8Array): Uint8Array {
    if (this.error) return new Uint8Array(0);
    this.#buffer = joined(this.#buffer, chunk);
    const end = endOfEvents(this.#buffer);
    if (end === 0 && this.#buffer.length > MAX_EVENT_BYTES) {
      return this.fail(
        unavailable("The model sent too large a chunk.").failure,
      );
    }
    const whole = this.#buffer.subarray(0, end);
    this.#buffer = this.#buffer.slice(end);
    return this.#inspect(whole);
  }

  /** The event that ends a stream with an error, instead of more of it. */
  fail(error: Failure): Uint8Array {
    this.error = error;
    this.#buffer = new Uint8Array(0);
    return encode(`data: ${JSON.stringify(openAiError(error))}\n\n`);
  }

  /** Whole events, up to the first that is an error. */
  #inspect(events: Uint8Array): Uint8Array {
    const text = new TextDecoder().decode(events);
    let passed = "";
    for (const event of text.split(/(?<=\r?\n\r?\n)/)) {
      const data = dataOf(event);
      if (data === "[DONE]") this.complete = true;
      const json = data.startsWith("{") ? parse(data) : null;
      const failed = json === null ? null : chunkError(json);
      if (failed) return joined(encode(passed), this.fail(failed.failure));
      if (json !== null) this.usage = usageOf(json) ?? this.usage;
      passed += event;
    }
    return encode(passed);
  }
}

/** The length of the leading whole events: up to the last blank line. */
function endOfEvents(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    if (bytes[at] !== NEWLINE) continue;
    const before = bytes[at - 1] === RETURN ? at - 2 : at - 1;
    if (bytes[before] === NEWLINE) return at + 1;
  }
  return 0;
}

function dataOf(event: string): string {
  return event
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .join("\n")
    .trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // passed on as it is: the agent's client judges it
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
