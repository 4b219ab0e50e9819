/**
 * Time and timers of the engine. Everything that waits asks a Clock, so that a
 * test can drive a virtual one; the real one is the only place that touches
 * the process's timers.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `wake` once, after `ms`; the returned function cancels it. */
  after(ms: number, wake: () => void): () => void;
  /** Whether it is the process's own clock: then functions keep the process's timers. */
  readonly real: boolean;
  /** A virtual clock stands still while `busy`. */
  holdWhile?(busy: () => boolean): void;
}

// Captured before the functions' environment is installed, which replaces the
// globals (see functions/environment.ts).
const realNow = Date.now.bind(Date);
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realSetImmediate = globalThis.setImmediate;

/** Calls `work` once what is ready now has run. Takes no time on any clock. */
export function soon(work: () => void): void {
  realSetImmediate(work);
}

// A longer timeout overflows to 1 ms.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const realClock: Clock = {
  real: true,
  now: realNow,
  after(ms, wake) {
    const timer = realSetTimeout(
      wake,
      Math.min(Math.max(0, ms), LONGEST_TIMEOUT),
    );
    return () => realClearTimeout(timer);
  },
};
