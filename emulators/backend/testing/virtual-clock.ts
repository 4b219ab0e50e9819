import { soon, type Clock } from "../clock";

/** How often what is ready may run between two timers. */
const TURNS = 20;

type Timer = { at: number; order: number; wake: () => void };

/** A clock that stands still until it is told to advance. */
export class VirtualClock implements Clock {
  readonly real = false;
  private time: number;
  private made = 0;
  private readonly timers = new Set<Timer>();
  private readonly busy: (() => boolean)[] = [];

  /** @param start milliseconds since the epoch */
  constructor(start = Date.UTC(2025, 0, 1)) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, wake: () => void): () => void {
    const at = this.time + Math.max(0, ms);
    const timer = { at, order: this.made++, wake };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  holdWhile(busy: () => boolean): void {
    this.busy.push(busy);
  }

  /** Moves on by `ms`, waking every timer at its time and in order. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await this.settled();
    for (let next = this.next(end); next; next = this.next(end)) {
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.wake();
      await this.settled();
    }
    this.time = end;
  }

  private next(until: number): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.timers) {
      if (timer.at > until) continue;
      if (
        first === null ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }

  /** Lets what is ready run, and what that makes ready. */
  private async settled(): Promise<void> {
    for (let quiet = 0; quiet < TURNS; quiet++) {
      await new Promise<void>((resolve) => soon(resolve));
      if (this.busy.some((busy) => busy())) quiet = 0;
    }
  }
}
