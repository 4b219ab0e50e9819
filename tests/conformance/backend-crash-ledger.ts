/** The fixture's ledger as a client follows it, number by number. */

export type Page = {
  count: number;
  accounts: { name: number; balance: number }[];
  transfers: {
    seq: number;
    id: string;
    from: number;
    to: number;
    amount: number;
    settled: number;
  }[];
  announcements: { seq: number }[];
  waiting: number;
};

export class Ledger {
  /** Number of the last transfer seen. */
  count = 0;
  complete = false;
  /** The number each acknowledged transfer was answered with. */
  readonly acknowledged = new Map<string, number>();
  private readonly seen = new Map<string, number>();
  private readonly balances = new Map<number, number>();
  private accounts: Page["accounts"] = [];
  private unsettled = 0;

  /** @throws Error for a gap, a transfer that is there twice, a job done twice */
  take({ count, accounts, transfers, announcements }: Page): void {
    for (const { seq, id, from, to, amount, settled } of transfers) {
      this.count += 1;
      demand(seq === this.count, `transfer ${this.count} is missing`);
      const before = this.seen.get(id);
      demand(before === undefined, `${id} is there as ${before} and ${seq}`);
      this.seen.set(id, seq);
      this.add(from, -amount);
      this.add(to, amount);
      demand(settled <= 1, `${id} was settled ${settled} times`);
      if (settled === 0) this.unsettled += 1;
    }
    const announced = new Set<number>();
    for (const { seq } of announcements) {
      demand(!announced.has(seq), `transfer ${seq} was announced twice`);
      announced.add(seq);
    }
    this.accounts = accounts;
    this.complete = this.count === count;
    demand(
      this.complete || transfers.length > 0,
      `there are ${this.count} transfers, but the counter says ${count}`,
    );
  }

  /** @throws Error for half a transfer, and for one that was acknowledged and is lost */
  check(): void {
    for (const { name, balance } of this.accounts) {
      const expected = this.balances.get(name) ?? 0;
      demand(
        balance === expected,
        `account ${name} has ${balance}, its transfers add up to ${expected}`,
      );
    }
    for (const [id, seq] of this.acknowledged) {
      const found = this.seen.get(id);
      demand(
        found === seq,
        `${id} was acknowledged as ${seq}, and is ${found ?? "lost"}`,
      );
    }
  }

  /** @throws Error when a scheduled mutation has not run */
  checkSettled(): void {
    demand(this.unsettled === 0, `${this.unsettled} transfers never settled`);
  }

  /** Reads everything once more, as it is by now. */
  startAgain(): void {
    this.count = 0;
    this.unsettled = 0;
    this.complete = false;
    this.seen.clear();
    this.balances.clear();
  }

  private add(account: number, amount: number): void {
    this.balances.set(account, (this.balances.get(account) ?? 0) + amount);
  }
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
