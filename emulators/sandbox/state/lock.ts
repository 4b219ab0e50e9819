import { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One server per data folder. The lock is SQLite's own file lock: the kernel
 * drops it when the process ends however it ends, so a kill -9 leaves nothing
 * stale behind, which a pid file would.
 *
 * @throws Error naming the server that holds the folder.
 */
export function lockDataFolder(data: string): { release(): void } {
  const owner = join(data, "owner.json");
  const db = new Database(join(data, "lock.sqlite"), { create: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    throw new Error(
      `${data} is in use by another sandbox server (${describe(owner)}). Stop that one, or choose another --data folder.`,
    );
  }
  writeFileSync(owner, JSON.stringify({ pid: process.pid }));
  return {
    release() {
      db.run("ROLLBACK");
      db.close();
    },
  };
}

function describe(owner: string): string {
  try {
    return `process ${JSON.parse(readFileSync(owner, "utf8")).pid}`;
  } catch {
    // Unreadable or not written yet: the lock itself is what counts.
    return "process unknown";
  }
}
