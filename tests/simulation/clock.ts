import type { Clock } from "../../emulators/backend/clock";

/** Rounds in which nothing was ready, before all that is ready has surely run. */
const QUIET_ROUNDS = 2;

const realSetImmediate = globalThis.setImmediate;

let ready = 0;

/** The backend's `soon`, counted: the clock stands still while somebody waits for their turn. */
export function soon(work: () => void): void {
  ready += 1;
  realSetImmediate(() => {
    ready -= 1;
    work();
  });
}

type Timer = { at: number; order: number; wake: () => void; over: boolean };

/** A clock that jumps from timer to timer: a minute in which nothing happens costs nothing. */
export class SimClock implements Clock {
  readonly real = false;
  private time = Date.UTC(2025, 0, 1);
  private made = 0;
  /** A heap: the next timer first. */
  private readonly timers: Timer[] = [];
  private busy: (() => boolean)[] = [];
  readonly start = this.time;

  now(): number {
    return this.time;
  }

  after(ms: number, wake: () => void): () => void {
    const at = this.time + Math.max(0, ms);
    const timer = { at, order: this.made++, wake, over: false };
    this.push(timer);
    return () => {
      timer.over = true;
    };
  }

  holdWhile(busy: () => boolean): void {
    this.busy.push(busy);
  }

  /** What a crashed backend held up holds nobody up any more. */
  release(): void {
    this.busy = [];
  }

  /** Moves on to `end`, waking every timer in order, unless `stop` says that is far enough. */
  async runUntil(end: number, stop: () => boolean): Promise<void> {
    await this.settled();
    while (!stop()) {
      const next = this.timers[0];
      if (next === undefined || next.at > end) {
        this.time = end;
        return;
      }
      this.pop();
      if (next.over) continue;
      this.time = Math.max(this.time, next.at);
      next.over = true;
      next.wake();
      await this.settled();
    }
  }

  /** Lets what is ready run, and what that makes ready. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_ROUNDS; quiet++) {
      await new Promise<void>((resolve) => realSetImmediate(resolve));
      if (ready > 0 || this.busy.some((busy) => busy())) quiet = 0;
    }
  }

  private push(timer: Timer): void {
    const { timers } = this;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(timer, timers[up] as Timer)) break;
      timers[at] = timers[up] as Timer;
      at = up;
    }
    timers[at] = timer;
  }

  private pop(): void {
    const { timers } = this;
    const last = timers.pop() as Timer;
    if (timers.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= timers.length) break;
      const right = down + 1;
      if (
        right < timers.length &&
        before(timers[right] as Timer, timers[down] as Timer)
      ) {
        down = right;
      }
      if (!before(timers[down] as Timer, last)) break;
      timers[at] = timers[down] as Timer;
      at = down;
    }
    timers[at] = last;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
