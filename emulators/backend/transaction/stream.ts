import { after, type Interval } from "../store/read-set";
import type { Row } from "../store/database";
import type { Document } from "../store/document";
import { passes } from "./filter";
import type { Plan } from "./plan";
import type { Scope } from "./transaction";

const FIRST_BATCH = 32;
const LARGEST_BATCH = 512;

/**
 * Walks a range of an index, one row at a time, and notes in the read set how
 * far it has come: `.take(10)` of a million depends on ten.
 */
export class RowStream {
  private buffered: Row[] = [];
  private position = 0;
  private rest: { lo: string; hi: string } | null;
  private readonly seen: Interval;
  private size: number;

  /** @param wanted how many rows are likely to be asked for */
  constructor(
    private readonly scope: Scope,
    private readonly plan: Plan,
    wanted: number | null,
  ) {
    const { index, lo, hi, order } = plan;
    this.rest = lo < hi ? { lo, hi } : null;
    this.size = Math.min(Math.max(1, wanted ?? FIRST_BATCH), LARGEST_BATCH);
    this.seen =
      order === "asc"
        ? scope.transaction.readSet.addRange(index.number, lo, lo)
        : scope.transaction.readSet.addRange(index.number, hi, hi);
  }

  next(): Row | null {
    this.scope.transaction.assertOpen();
    while (this.position >= this.buffered.length) {
      if (this.rest === null) {
        this.seen.lo = this.plan.lo;
        this.seen.hi = this.plan.hi;
        return null;
      }
      this.refill(this.rest);
    }
    const row = this.buffered[this.position++] as Row;
    if (this.plan.order === "asc") this.seen.hi = after(row.key);
    else this.seen.lo = row.key;
    this.scope.transaction.countRead(row.document);
    return row;
  }

  private refill(range: { lo: string; hi: string }): void {
    const { index, order } = this.plan;
    const { rows, rest } = this.scope.view.batch(
      index,
      range.lo,
      range.hi,
      order,
      this.size,
    );
    this.buffered = rows;
    this.position = 0;
    this.rest = rest;
    this.size = Math.min(this.size * 2, LARGEST_BATCH);
  }
}

/** The documents of a query, after its filters and limits. */
export class DocumentStream {
  private readonly rows: RowStream;
  private readonly left: number[];

  constructor(
    scope: Scope,
    private readonly plan: Plan,
  ) {
    const filtered = plan.operators.some((operator) => "filter" in operator);
    this.left = plan.operators.map((operator) =>
      "limit" in operator ? operator.limit : Infinity,
    );
    const least = this.left.length === 0 ? Infinity : Math.min(...this.left);
    this.rows = new RowStream(
      scope,
      plan,
      filtered || least === Infinity ? null : least,
    );
  }

  /** The next one, or null at the end. */
  next(): Document | null {
    for (;;) {
      if (this.left.some((count) => count <= 0)) return null;
      const row = this.rows.next();
      if (row === null) return null;
      if (this.admits(row.document)) return row.document;
    }
  }

  private admits(document: Document): boolean {
    if (this.plan.operators.length === 0) return true;
    for (const [position, operator] of this.plan.operators.entries()) {
      if ("limit" in operator) {
        this.left[position] = (this.left[position] as number) - 1;
        continue;
      }
      if (!passes(operator.filter, document.json)) return false;
    }
    return true;
  }
}
