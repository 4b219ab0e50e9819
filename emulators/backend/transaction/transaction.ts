import { LIMITS } from "../limits";
import type { Document } from "../store/document";
import type { Random } from "../random";
import { Delta } from "../store/delta";
import { ReadSet } from "../store/read-set";
import type { Snapshot } from "../store/snapshots";
import { View } from "../store/view";
import type { Store } from "../store/database";

/**
 * One query or mutation from its first read to its commit. All it reads is
 * one snapshot under its own writes; what it writes stays here until the
 * committer takes it.
 */
export class Transaction {
  readonly readSet = new ReadSet();
  readonly root: Scope;
  readonly used = {
    documentsScanned: 0,
    bytesRead: 0,
    documentsWritten: 0,
    bytesWritten: 0,
    scheduledFunctions: 0,
  };
  /** Runs after the commit is durable: what cannot be undone waits for it. */
  readonly afterCommit: (() => void)[] = [];
  private source: Random | undefined;
  private finished = false;

  constructor(
    readonly store: Store,
    readonly snapshot: Snapshot,
    /** Milliseconds since the epoch: the time the functions in it see. */
    readonly now: number,
    /** Draws the seed of what is random in it. */
    private readonly draw: () => Random,
    readonly writable: boolean,
  ) {
    this.root = new Scope(this, null);
  }

  /** Most draw nothing: making a source is most of what it costs. */
  get random(): Random {
    return (this.source ??= this.draw());
  }

  /** The committed state under this transaction's writes. */
  get before(): View {
    return new View(this.store, [this.snapshot.replaced]);
  }

  assertOpen(): void {
    if (this.finished) {
      throw new Error(
        "The database was used after the query or mutation had returned. " +
          "Await every call before returning.",
      );
    }
  }

  finish(): void {
    this.finished = true;
  }

  countRead(document: Document): void {
    this.used.documentsScanned += 1;
    this.used.bytesRead += document.text.length;
    if (this.used.documentsScanned > LIMITS.documentsScanned) {
      throw new Error(
        `Too many documents read in a single function execution (limit: ` +
          `${LIMITS.documentsScanned}). Consider using smaller limits in your ` +
          `queries, paginating your queries, or using indexed queries with a ` +
          `selective index range expressions.`,
      );
    }
    if (this.used.bytesRead > LIMITS.bytesRead) {
      throw new Error(
        `Too many bytes read in a single function execution (limit: ` +
          `${LIMITS.bytesRead} bytes). Consider paginating, or an index range ` +
          `that selects fewer documents.`,
      );
    }
  }

  countWrite(bytes: number): void {
    this.used.documentsWritten += 1;
    this.used.bytesWritten += bytes;
    if (this.used.documentsWritten > LIMITS.documentsWritten) {
      throw new Error(
        `Too many documents written in a single function execution (limit: ` +
          `${LIMITS.documentsWritten}).`,
      );
    }
    if (this.used.bytesWritten > LIMITS.bytesWritten) {
      throw new Error(
        `Too many bytes written in a single function execution (limit: ` +
          `${LIMITS.bytesWritten} bytes).`,
      );
    }
  }

  countScheduled(): void {
    this.used.scheduledFunctions += 1;
    if (this.used.scheduledFunctions > LIMITS.scheduledFunctions) {
      throw new Error(
        `Too many functions scheduled by this mutation (limit: ` +
          `${LIMITS.scheduledFunctions}).`,
      );
    }
  }
}

/**
 * The writes of one function call. A nested mutation has its own, laid over
 * its caller's: kept when it returns, dropped when it throws.
 */
export class Scope {
  readonly writes = new Delta();
  readonly view: View;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    readonly transaction: Transaction,
    private readonly parent: Scope | null,
  ) {
    const layers: Delta[] = [this.writes];
    for (let up = parent; up !== null; up = up.parent) layers.push(up.writes);
    layers.push(transaction.snapshot.replaced);
    this.view = new View(transaction.store, layers.reverse());
  }

  /** Nested calls of one function run one after the other, each all or nothing. */
  async nested<T>(work: (child: Scope) => Promise<T>): Promise<T> {
    const before = this.turn;
    let done = () => {};
    this.turn = new Promise((resolve) => (done = resolve));
    await before;
    try {
      const child = new Scope(this.transaction, this);
      const result = await work(child);
      this.writes.merge(child.writes);
      return result;
    } finally {
      done();
    }
  }
}
