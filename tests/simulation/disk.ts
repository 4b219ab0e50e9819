import {
  Store,
  type Order,
  type Row,
} from "../../emulators/backend/store/database";
import { decodeId } from "../../emulators/backend/values/ids";
import type { Key } from "../../emulators/backend/values/keys";
import type { Doc, TableNames } from "../../convex/_generated/dataModel";

/**
 * The backend's file, in memory: SQLite is most of what a run would cost. It
 * outlives a crash of the backend, as a file does, and shows what each commit
 * has written to whoever checks it. Tables and indexes are the real store's and
 * are made once for all runs.
 */
export class Disk extends Store {
  /** Told at each commit which documents it has written. */
  onCommit: (written: Written[]) => void = () => {};
  private readonly texts = new Map<number, string>();
  private readonly entries = new Map<number, Index>();
  private readonly metas = new Map<string, string>();
  private readonly documents = new Map<number, Document>();
  private readonly tables = new Map<string, Map<string, Document>>();
  private written: Written[] = [];
  private depth = 0;
  private serial = 0;
  private names = new Map<number, string>();

  constructor() {
    super(":memory:");
  }

  /** As if the file had been removed. */
  empty(): void {
    for (const map of [this.texts, this.entries, this.metas]) map.clear();
    this.documents.clear();
    this.tables.clear();
    this.written = [];
    this.serial = 0;
    this.onCommit = () => {};
    this.sql("DELETE FROM requests").run();
  }

  /** The documents of a table as they were last committed, oldest first. */
  all<T extends TableNames>(table: T): Doc<T>[] {
    const rows = this.tables.get(table)?.values() ?? [];
    return Array.from(rows, (row) => row.value as Doc<T>);
  }

  find<T extends TableNames>(table: T, id: string): Doc<T> | undefined {
    return this.tables.get(table)?.get(id)?.value as Doc<T> | undefined;
  }

  override atomically<T>(work: () => T): T {
    this.depth += 1;
    try {
      return work();
    } finally {
      this.depth -= 1;
      if (this.depth === 0 && this.written.length > 0) {
        const { written } = this;
        this.written = [];
        this.onCommit(written);
      }
    }
  }

  override meta(name: string): string | null {
    // The real constructor asks before this class has its fields.
    return this.metas?.get(name) ?? null;
  }

  override setMeta(name: string, value: string): void {
    this.metas?.set(name, value);
  }

  override get(index: number, key: Key): string | null {
    const number = this.entries.get(index)?.rows.get(key);
    return number === undefined ? null : (this.texts.get(number) ?? null);
  }

  override scan(
    index: number,
    lo: Key,
    hi: Key,
    order: Order,
    limit: number,
  ): Row[] {
    const sorted = this.entries.get(index);
    if (sorted === undefined) return [];
    const first = sorted.from(lo);
    const end = sorted.from(hi);
    const count = limit < 0 ? end - first : Math.min(limit, end - first);
    const rows: Row[] = [];
    for (let i = 0; i < count; i++) {
      const key = sorted.keys[order === "asc" ? first + i : end - 1 - i];
      if (key === undefined) break;
      const text = this.texts.get(sorted.rows.get(key) as number) as string;
      rows.push({ key, text });
    }
    return rows;
  }

  override documentAt(index: number, key: Key): number | null {
    return this.entries.get(index)?.rows.get(key) ?? null;
  }

  override insertDocument(text: string): number {
    this.serial += 1;
    this.texts.set(this.serial, text);
    this.note(this.serial, text);
    return this.serial;
  }

  override updateDocument(number: number, text: string): void {
    this.texts.set(number, text);
    this.note(number, text);
  }

  override deleteDocument(number: number): void {
    this.texts.delete(number);
    const document = this.documents.get(number);
    this.documents.delete(number);
    if (document === undefined) return;
    this.tables.get(document.table)?.delete(document.id);
    this.written.push({ document, before: document.text, removed: true });
  }

  override insertEntry(index: number, key: Key, document: number): void {
    let sorted = this.entries.get(index);
    if (sorted === undefined) {
      this.entries.set(index, (sorted = new Index()));
    }
    sorted.set(key, document);
  }

  override deleteEntry(index: number, key: Key): void {
    this.entries.get(index)?.delete(key);
  }

  /** A backend that stops leaves the file where it is. */
  override close(): void {}

  private note(number: number, text: string): void {
    const known = this.documents.get(number);
    if (known !== undefined) {
      const before = known.text;
      known.become(text);
      this.written.push({ document: known, before, removed: false });
      return;
    }
    const document = new Document(this.tableOf(text), text);
    this.documents.set(number, document);
    let rows = this.tables.get(document.table);
    if (rows === undefined) {
      this.tables.set(document.table, (rows = new Map()));
    }
    rows.set(document.id, document);
    this.written.push({ document, before: null, removed: false });
  }

  private tableOf(text: string): string {
    const number = decodeId(idIn(text))?.tableNumber ?? 0;
    const known = this.names.get(number);
    if (known !== undefined) return known;
    const rows = this.sql("SELECT number, name FROM tables").values();
    this.names = new Map(rows as [number, string][]);
    return this.names.get(number) ?? "";
  }
}

/** One index: its keys in order, and the document at each. */
class Index {
  readonly keys: Key[] = [];
  readonly rows = new Map<Key, number>();

  set(key: Key, document: number): void {
    if (!this.rows.has(key)) this.keys.splice(this.from(key), 0, key);
    this.rows.set(key, document);
  }

  delete(key: Key): void {
    if (this.rows.delete(key)) this.keys.splice(this.from(key), 1);
  }

  /** The position of the first key that is not below `key`. */
  from(key: Key): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] as Key) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export type Written = {
  document: Document;
  /** Its text before; null if it is new. */
  before: string | null;
  removed: boolean;
};

/** A stored document, parsed when somebody looks. */
export class Document {
  readonly id: string;
  private parsed: unknown;

  constructor(
    readonly table: string,
    public text: string,
  ) {
    this.id = idIn(text);
  }

  get value(): unknown {
    return (this.parsed ??= JSON.parse(this.text));
  }

  become(text: string): void {
    this.text = text;
    this.parsed = undefined;
  }
}

const ID = '"_id":"';

function idIn(text: string): string {
  const start = text.indexOf(ID) + ID.length;
  return text.slice(start, text.indexOf('"', start));
}
