export type ErrorCode =
  | "agent_unavailable"
  | "model_refused_key"
  | "model_credit"
  | "model_rate_limited"
  | "model_context"
  | "model_failed"
  | "agent_lost"
  | "internal";

export type EndReason = "complete" | "stopped" | "failed";

export type EventBody =
  | { kind: "text" | "reasoning"; delta: string }
  | {
      kind: "tool";
      callId: string;
      name: string;
      status: "running" | "done" | "failed";
      label?: string;
      args?: unknown;
      result?: string;
    }
  | { kind: "error"; code: ErrorCode; message: string }
  | { kind: "end"; reason: EndReason };

/** `n` counts from 0 without gaps; `at` is milliseconds since 1970. */
export type TurnEvent = { n: number; at: number } & EventBody;

/** A delta that grew to this is followed by the next event. */
const MAX_DELTA_CHARS = 32 * 1024;
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/**
 * The numbered events of one turn. Deltas that nobody has read yet grow
 * together, so that a reader every 200 ms gets one event, not fifty.
 */
export class TurnLog {
  #events: TurnEvent[] = [];
  #open = false;
  #bytes = 0;
  #listeners = new Set<() => void>();

  constructor(readonly now: () => number = Date.now) {}

  get next(): number {
    return this.#events.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes > MAX_LOG_BYTES;
  }

  get ended(): boolean {
    return this.#events.at(-1)?.kind === "end";
  }

  /** Appends; after the end nothing is added. */
  add(body: EventBody): void {
    if (this.ended) return;
    const last = this.#events.at(-1);
    if (
      this.#open &&
      (body.kind === "text" || body.kind === "reasoning") &&
      last?.kind === body.kind &&
      last.delta.length < MAX_DELTA_CHARS
    ) {
      last.delta += body.delta;
      this.#bytes += Buffer.byteLength(body.delta);
    } else {
      this.#events.push({ n: this.next, at: this.now(), ...body });
      this.#bytes += Buffer.byteLength(JSON.stringify(body));
      this.#open = true;
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * Events from number `from` on, up to `maxEvents` and about `maxBytes` of
   * JSON, at least one if there is one. What was read never changes again.
   */
  read(from: number, maxBytes: number, maxEvents = Infinity): TurnEvent[] {
    this.#open = false;
    const batch: TurnEvent[] = [];
    let bytes = 0;
    for (const event of this.#events.slice(from, from + maxEvents)) {
      bytes += Buffer.byteLength(JSON.stringify(event));
      if (bytes > maxBytes && batch.length > 0) break;
      batch.push(event);
    }
    return batch;
  }

  /** Called at each change; returns what stops that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
