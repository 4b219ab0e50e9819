import { soon, type Clock } from "../clock";
import { BACKOFF } from "../limits";
import type { Random } from "../random";

/**
 * How long a mutation that lost a race keeps out of the others' way before it
 * runs again: up to twice as long after each conflict, any time up to that
 * being equally likely, as in the cloud.
 */
export class Backoff {
  private waiting = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: () => Random,
  ) {
    clock.holdWhile?.(() => this.waiting > 0);
  }

  /** @param conflicts how many there were before this one */
  async wait(conflicts: number): Promise<void> {
    const most = Math.min(BACKOFF.firstMs * 2 ** conflicts, BACKOFF.longestMs);
    const ms = most * this.random().float();
    if (this.clock.real) {
      await new Promise<void>((resolve) => this.clock.after(ms, resolve));
    } else {
      await this.turns(Math.ceil(ms));
    }
  }

  /**
   * A virtual clock stands still until whoever waits for this mutation moves
   * it on: others get as many turns instead as it would be milliseconds.
   */
  private async turns(count: number): Promise<void> {
    this.waiting += 1;
    for (let i = 0; i < count; i++) {
      await new Promise<void>((resolve) => soon(resolve));
    }
    this.waiting -= 1;
  }
}
