import { BATCH, type Backend, type Claim, type Life } from "./backend";
import type { Ending } from "./closing";
import type { Limits } from "./limits";

/** What happens to something open, until it is asked about. */
export class Pulse {
  active = false;
  typed = false;

  take(): Life {
    const { active, typed } = this;
    this.active = this.typed = false;
    return { active, typed };
  }

  /** Nobody heard of it: it is told at the next look. */
  putBack({ active, typed }: Life): void {
    this.active ||= active;
    this.typed ||= typed;
  }
}

/** Something that is open through the relay. */
export type Open = {
  claim: Claim;
  life: Pulse;
  end(how: Ending): void;
};

/**
 * Asks again and again whether what is open may stay so, in one question for
 * all of it, and ends what may not. Nothing outlives a stop, a replacement or a
 * withdrawn token by more than one round, whoever holds the connection.
 */
export class Watch {
  /** With the looks in a row that nobody answered. */
  private readonly open = new Map<Open, number>();
  private readonly timer: ReturnType<typeof setInterval>;
  private looking = false;

  constructor(
    private readonly backend: Backend,
    private readonly limits: Limits,
  ) {
    this.timer = setInterval(() => void this.look(), limits.recheck);
  }

  /** Answers how to take it off again. */
  add(one: Open): () => void {
    this.open.set(one, 0);
    return () => void this.open.delete(one);
  }

  /** Everything that is open now ends. */
  close(): void {
    clearInterval(this.timer);
    for (const one of [...this.open.keys()]) one.end("relay_stopping");
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const all = [...this.open.keys()];
    for (let from = 0; from < all.length; from += BATCH) {
      await this.lookAt(all.slice(from, from + BATCH));
    }
    this.looking = false;
  }

  private async lookAt(part: Open[]): Promise<void> {
    const asked = part.map(({ claim, life }) => ({ claim, ...life.take() }));
    try {
      const verdicts = await this.backend.check(asked);
      part.forEach((one, index) => {
        const verdict = verdicts[index];
        if (verdict && verdict !== "ok") this.end(one, verdict);
        else if (this.open.has(one)) this.open.set(one, 0);
      });
    } catch {
      // Told in the log by the backend. What cannot be asked about ends in time.
      part.forEach((one, index) => this.missed(one, asked[index]));
    }
  }

  private missed(one: Open, life: Life | undefined): void {
    const looks = this.open.get(one);
    if (looks === undefined) return;
    if (life) one.life.putBack(life);
    if (looks + 1 >= this.limits.failedLooks) this.end(one, "unchecked");
    else this.open.set(one, looks + 1);
  }

  /** What was taken off while it was asked about may have been opened anew. */
  private end(one: Open, how: Ending): void {
    if (this.open.has(one)) one.end(how);
  }
}
