import type { Key } from "../values/keys";
import type { Document } from "./document";
import { SortedMap } from "./sorted-map";

/** What happens to a document's place in one index: gone (null) or held by a document. */
type Entry = string | null;

/**
 * A set of documents and index keys laid over the file: either the writes of
 * a transaction, or (for a snapshot) what later commits have replaced.
 *
 * Index keys end with the document's id, so a key never belongs to two
 * documents.
 */
export class Delta {
  /** By document id; null where there is no such document. */
  readonly documents = new Map<string, Document | null>();
  private readonly indexes = new Map<number, SortedMap<Entry>>();

  get empty(): boolean {
    return this.documents.size === 0;
  }

  setEntry(index: number, key: Key, entry: Entry): void {
    let entries = this.indexes.get(index);
    if (entries === undefined) {
      entries = new SortedMap();
      this.indexes.set(index, entries);
    }
    entries.set(key, entry);
  }

  entry(index: number, key: Key): Entry | undefined {
    return this.indexes.get(index)?.get(key);
  }

  entriesOf(index: number): SortedMap<Entry> | undefined {
    return this.indexes.get(index);
  }

  *allEntries(): Generator<[index: number, key: Key, entry: Entry]> {
    for (const [index, entries] of this.indexes) {
      for (const key of entries.keys) {
        yield [index, key, entries.get(key) as Entry];
      }
    }
  }

  /** Takes over everything of `upper`, which lies above this one. */
  merge(upper: Delta): void {
    for (const [id, one] of upper.documents) this.documents.set(id, one);
    for (const [index, key, entry] of upper.allEntries()) {
      this.setEntry(index, key, entry);
    }
  }
}
