import { MAX, type Key } from "../values/keys";
import { byId, idKey, type IndexInfo, type TableInfo } from "./catalog";
import type { Order, Row, Store } from "./database";
import type { Delta } from "./delta";
import type { Document } from "./document";
import { after } from "./read-set";

/**
 * The database as one reader sees it: the file, under what its snapshot
 * remembers, under the writes of its own transaction.
 */
export class View {
  /** @param layers the topmost last */
  constructor(
    private readonly store: Store,
    private readonly layers: readonly Delta[],
  ) {}

  get(table: TableInfo, id: string): Document | null {
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const document = this.layers[i]?.documents.get(id);
      if (document !== undefined) return document;
    }
    return this.store.get(byId(table).number, idKey(id));
  }

  /**
   * Up to about `size` rows of [lo, hi) in order, and where reading has come
   * to: `rest` is the range still unread, or null at the end.
   */
  batch(
    index: IndexInfo,
    lo: Key,
    hi: Key,
    order: Order,
    size: number,
  ): { rows: Row[]; rest: { lo: Key; hi: Key } | null } {
    const base = this.store.scan(index.number, lo, hi, order, size);
    const last = base.length < size ? null : (base[base.length - 1] as Row).key;
    const rest =
      last === null
        ? null
        : order === "asc"
          ? { lo: after(last), hi }
          : { lo, hi: last };
    const covered =
      last === null
        ? { lo, hi }
        : order === "asc"
          ? { lo, hi: after(last) }
          : { lo: last, hi };
    return { rows: this.overlay(index, base, covered, order), rest };
  }

  private overlay(
    index: IndexInfo,
    base: Row[],
    covered: { lo: Key; hi: Key },
    order: Order,
  ): Row[] {
    if (this.layers.every((layer) => layer.empty)) return base;
    const changed = new Map<Key, string | null>();
    for (const layer of this.layers) {
      const entries = layer.entriesOf(index.number);
      for (const key of entries?.between(covered.lo, covered.hi) ?? []) {
        changed.set(key, entries?.get(key) ?? null);
      }
    }
    if (changed.size === 0) return base;
    const rows = base.filter((row) => !changed.has(row.key));
    for (const [key, id] of changed) {
      if (id === null) continue;
      const document = this.get(index.table, id);
      if (document !== null) rows.push({ key, document });
    }
    const sign = order === "asc" ? 1 : -1;
    return rows.sort((a, b) => (a.key < b.key ? -sign : sign));
  }
}

/** The whole of an index. */
export const EVERYTHING = { lo: "", hi: MAX } as const;
