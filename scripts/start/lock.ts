import { Database } from "bun:sqlite";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { warn } from "./terminal";

export type Lock = { release(): void };

/**
 * Takes a lock that ends with this process however it ends: SQLite's file lock
 * is the kernel's, so a kill -9 releases it and no pid has to be guessed at.
 * Answers null while another process has it.
 */
export function tryLock(path: string): Lock | null {
  const db = new Database(path, { create: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") return null;
    throw error;
  }
  // A database nobody refers to is closed by the garbage collector, and closing
  // drops the lock: whoever locks must hold on to what this returns.
  held.add(db);
  return {
    release() {
      if (!held.delete(db)) return;
      db.run("ROLLBACK");
      db.close();
    },
  };
}

const held = new Set<Database>();

/** Who has a data folder. Only a note for people: the lock is what counts. */
export type Holder = {
  pid: number;
  url: string;
  startedAt: string;
  /** Process ids of the parts when they were started. */
  parts: Record<string, number | undefined>;
};

/** Never throws: for want of a note, on a full disk, nothing that runs is ended. */
export function writeHolder(path: string, holder: Holder): void {
  try {
    writeFileSync(path, JSON.stringify(holder, null, 2));
    chmodSync(path, 0o600);
  } catch (error) {
    warn(`${path} cannot be written: ${(error as Error).message}`);
  }
}

export function readHolder(path: string): Holder | null {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch (error) {
    // Half written by a process that was killed: no note, not a failure.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
