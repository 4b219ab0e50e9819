import { Database } from "bun:sqlite";
import { chmodSync, existsSync } from "node:fs";
import type { Build } from "./builds";
import { messageOf } from "../errors";
import type { SandboxState } from "./states";

export type { SandboxState } from "./states";

export interface SignedPreview {
  token: string;
  port: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface SandboxRecord {
  id: string;
  name: string;
  state: SandboxState;
  /** Why the state is "error"; null in every other state. */
  errorReason: string | null;
  /** Whether recover() may bring it back from "error". */
  recoverable: boolean;
  snapshot: string;
  user: string;
  env: Record<string, string>;
  labels: Record<string, string>;
  public: boolean;
  target: string;
  cpu: number;
  memory: number;
  disk: number;
  networkBlockAll: boolean;
  /** Minutes; 0 is never. */
  autoStopInterval: number;
  autoArchiveInterval: number;
  /** Minutes after a stop; 0 deletes at the stop, negative is never. */
  autoDeleteInterval: number;
  /** When it is destroyed whatever its state; null is never. */
  destroyAt: number | null;
  /** Host uid and gid its processes run as; null when we are not root. */
  hostUid: number | null;
  /** Good until the next stop. */
  previewToken: string;
  /** Signed previews given out and not revoked. */
  signed: SignedPreview[];
  /** Milliseconds since the epoch. */
  createdAt: number;
  updatedAt: number;
  lastActivityAt: number;
}

const LATER = { recoverable: false, destroyAt: null, signed: [] };

/**
 * The sandboxes, on disk. A row is written before anything it names is made and
 * removed after it is gone, so a crash at any moment leaves a row to finish
 * from. Everything is also held in memory: one server owns the file.
 */
export class Registry {
  private readonly db: Database;
  private readonly records = new Map<string, SandboxRecord>();
  /** Settled, and not written yet. */
  private readonly late = new Set<string>();

  constructor(file: string) {
    this.db = new Database(file, { create: true, strict: true });
    // A preview token opens its sandbox, and other users may pass through here.
    // What SQLite makes beside the file has the file's mode from then on.
    for (const part of [file, `${file}-wal`, `${file}-shm`]) {
      if (existsSync(part)) chmodSync(part, 0o600);
    }
    this.db.run("PRAGMA journal_mode = WAL");
    this.db.run("PRAGMA synchronous = FULL");
    this.db.run(
      "CREATE TABLE IF NOT EXISTS sandboxes (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL)",
    );
    this.db.run(
      "CREATE TABLE IF NOT EXISTS builds (id TEXT PRIMARY KEY, record TEXT NOT NULL)",
    );
    const rows = this.db
      .query<{ record: string }, []>("SELECT record FROM sandboxes")
      .all();
    for (const row of rows) {
      // Rows of older servers lack what came later.
      const record = { ...LATER, ...JSON.parse(row.record) } as SandboxRecord;
      this.records.set(record.id, record);
    }
  }

  all(): SandboxRecord[] {
    return [...this.records.values()];
  }

  get(id: string): SandboxRecord | null {
    return this.records.get(id) ?? null;
  }

  find(idOrName: string): SandboxRecord | null {
    const byId = this.records.get(idOrName);
    if (byId) return byId;
    return this.all().find((record) => record.name === idOrName) ?? null;
  }

  insert(record: SandboxRecord): void {
    this.db
      .query("INSERT INTO sandboxes (id, name, record) VALUES (?, ?, ?)")
      .run(record.id, record.name, JSON.stringify(record));
    this.records.set(record.id, record);
  }

  /** Durable before it returns. */
  update(id: string, changes: Partial<SandboxRecord>): SandboxRecord {
    const before = this.records.get(id);
    if (!before) throw new Error(`no sandbox ${id} to update`);
    const after = { ...before, ...changes, updatedAt: Date.now() };
    this.write(after);
    this.records.set(id, after);
    return after;
  }

  /**
   * As update(), for what a change came to. When it cannot be written now, e.g.
   * on a full disk, it is held in memory and written later; what a crash before
   * then leaves is the row of a change under way, which is finished from.
   */
  settle(id: string, changes: Partial<SandboxRecord>): SandboxRecord {
    try {
      return this.update(id, changes);
    } catch (error) {
      const before = this.records.get(id);
      if (!before) throw error;
      console.error(
        `sandbox ${before.name}: not recorded yet: ${messageOf(error)}`,
      );
      const after = { ...before, ...changes, updatedAt: Date.now() };
      this.records.set(id, after);
      this.late.add(id);
      return after;
    }
  }

  /** Writes what is late. @throws when that still cannot be done */
  catchUp(): void {
    for (const id of this.late) {
      const record = this.records.get(id);
      if (record) this.write(record);
      else this.late.delete(id);
    }
  }

  /** In memory only: losing it costs nothing, everything is stopped by then. */
  touch(id: string): void {
    const record = this.records.get(id);
    if (record) record.lastActivityAt = Date.now();
  }

  remove(id: string): void {
    this.db.query("DELETE FROM sandboxes WHERE id = ?").run(id);
    this.records.delete(id);
  }

  private write(record: SandboxRecord): void {
    this.db
      .query("UPDATE sandboxes SET record = ? WHERE id = ?")
      .run(JSON.stringify(record), record.id);
    this.late.delete(record.id);
  }

  /** Images that were asked for, oldest first. */
  builds(): Build[] {
    return this.db
      .query<{ record: string }, []>("SELECT record FROM builds ORDER BY rowid")
      .all()
      .map(({ record }) => JSON.parse(record) as Build);
  }

  saveBuild(build: Build): void {
    this.db
      .query(
        "INSERT INTO builds (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
      )
      .run(build.id, JSON.stringify(build));
  }

  removeBuild(id: string): void {
    this.db.query("DELETE FROM builds WHERE id = ?").run(id);
  }

  close(): void {
    this.db.close();
  }
}
