import { Database, type Statement } from "bun:sqlite";
import { keyFromBytes, keyToBytes, type Key } from "../values/keys";
import { Document } from "./document";

const FORMAT = 1;

const LAYOUT = `
CREATE TABLE IF NOT EXISTS meta (
  name TEXT PRIMARY KEY, value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tables (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS indexes (
  number INTEGER PRIMARY KEY, "table" INTEGER NOT NULL, name TEXT NOT NULL,
  fields TEXT NOT NULL, UNIQUE ("table", name)
);
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
  "index" INTEGER NOT NULL, key BLOB NOT NULL, document INTEGER NOT NULL,
  PRIMARY KEY ("index", key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  session TEXT NOT NULL, request INTEGER NOT NULL, ts INTEGER NOT NULL,
  result TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (session, request)
) WITHOUT ROWID;
DROP INDEX IF EXISTS requests_by_at;
`;

/** One row of an index: where it stands and the document. */
export type Row = { key: Key; document: Document };

export type Order = "asc" | "desc";

/**
 * The file: documents as text, and one row per index key. Knows nothing of
 * transactions in Convex's sense; `atomically` is one durable commit.
 *
 * WAL with synchronous=FULL syncs the log before a commit returns, which is
 * what lets an acknowledged mutation survive kill -9 and power loss.
 */
export class Store {
  private readonly db: Database;
  private readonly statements = new Map<string, Statement>();

  /** @param file a path, or ":memory:" */
  constructor(file: string) {
    this.db = new Database(file, { create: true });
    this.db.run("PRAGMA journal_mode = WAL");
    this.db.run("PRAGMA synchronous = FULL");
    this.db.run("PRAGMA foreign_keys = OFF");
    this.db.run("PRAGMA temp_store = MEMORY");
    for (const statement of LAYOUT.split(";\n")) {
      if (statement.trim() !== "") this.db.run(statement);
    }
    const format = this.meta("format");
    if (format !== null && format !== String(FORMAT)) {
      throw new Error(
        `The data was written by another version of the embedded backend ` +
          `(format ${format}, this one reads ${FORMAT}). Start with an empty ` +
          `data folder, or with the version that wrote it.`,
      );
    }
    if (format === null) this.setMeta("format", String(FORMAT));
  }

  atomically<T>(work: () => T): T {
    return this.db.transaction(work).immediate();
  }

  meta(name: string): string | null {
    const row = this.sql("SELECT value FROM meta WHERE name = ?").values(name);
    return (row[0]?.[0] as string | undefined) ?? null;
  }

  setMeta(name: string, value: string): void {
    this.sql(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    ).run(name, value);
  }

  get(index: number, key: Key): Document | null {
    const row = this.sql(
      `SELECT d.value FROM entries e JOIN documents d ON d.number = e.document
       WHERE e."index" = ? AND e.key = ?`,
    ).values(index, keyToBytes(key));
    const text = row[0]?.[0] as string | undefined;
    return text === undefined ? null : new Document(text);
  }

  /** Up to `limit` rows of [lo, hi), in order. */
  scan(index: number, lo: Key, hi: Key, order: Order, limit: number): Row[] {
    const rows = this.sql(
      `SELECT e.key, d.value FROM entries e JOIN documents d ON d.number = e.document
       WHERE e."index" = ? AND e.key >= ? AND e.key < ?
       ORDER BY e.key ${order === "asc" ? "ASC" : "DESC"} LIMIT ?`,
    ).values(index, keyToBytes(lo), keyToBytes(hi), limit);
    return rows.map((row) => ({
      key: keyFromBytes(row[0] as Uint8Array),
      document: new Document(row[1] as string),
    }));
  }

  /** The row number of the document at a key, or null. */
  documentAt(index: number, key: Key): number | null {
    const row = this.sql(
      `SELECT document FROM entries WHERE "index" = ? AND key = ?`,
    ).values(index, keyToBytes(key));
    return (row[0]?.[0] as number | undefined) ?? null;
  }

  insertDocument({ text }: Document): number {
    const done = this.sql("INSERT INTO documents (value) VALUES (?)").run(text);
    return Number(done.lastInsertRowid);
  }

  updateDocument(number: number, { text }: Document): void {
    this.sql("UPDATE documents SET value = ? WHERE number = ?").run(
      text,
      number,
    );
  }

  deleteDocument(number: number): void {
    this.sql("DELETE FROM documents WHERE number = ?").run(number);
  }

  insertEntry(index: number, key: Key, document: number): void {
    this.sql("INSERT INTO entries VALUES (?, ?, ?)").run(
      index,
      keyToBytes(key),
      document,
    );
  }

  deleteEntry(index: number, key: Key): void {
    this.sql(`DELETE FROM entries WHERE "index" = ? AND key = ?`).run(
      index,
      keyToBytes(key),
    );
  }

  /** Statements are prepared once; for the ones above, that is most of their cost. */
  sql(text: string): Statement {
    let statement = this.statements.get(text);
    if (statement === undefined) {
      statement = this.db.prepare(text);
      this.statements.set(text, statement);
    }
    return statement;
  }

  close(): void {
    for (const statement of this.statements.values()) statement.finalize();
    this.statements.clear();
    this.db.close();
  }
}
