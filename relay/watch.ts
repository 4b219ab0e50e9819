import type { Backend, Claim, Life } from "./backend";
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
  private readonly open = new Set<Open>();
  private readonly timer: ReturnType<typeof setInterval>;
  private failed = 0;
  private looking = false;

  constructor(
    private readonly backend: Backend,
    private readonly limits: Limits,
  ) {
    this.timer = setInterval(() => void this.look(), limits.recheck);
  }

  /** Answers how to take it off again. */
  add(one: Open): () => void {
    this.open.add(one);
    return () => void this.open.delete(one);
  }

  /** Everything that is open now ends. */
  close(): void {
    clearInterval(this.timer);
    for (const one of [...this.open]) one.end("relay_stopping");
  }

  private async look(): Promise<void> {
    if (this.looking || this.open.size === 0) return;
    this.looking = true;
    const all = [...this.open];
    try {
      const verdicts = await this.backend.check(
        all.map(({ claim, life }) => ({ claim, ...life.take() })),
      );
      this.failed = 0;
      all.forEach((one, index) => {
        const verdict = verdicts[index];
        if (verdict && verdict !== "ok") this.end(one, verdict);
      });
    } catch {
      // Told in the log by the backend. What cannot be asked about ends in time.
      this.failed += 1;
      if (this.failed >= this.limits.failedLooks) {
        for (const one of all) this.end(one, "unchecked");
      }
    } finally {
      this.looking = false;
    }
  }

  /** What was taken off while it was asked about may have been opened anew. */
  private end(one: Open, how: Ending): void {
    if (this.open.has(one)) one.end(how);
  }
}
