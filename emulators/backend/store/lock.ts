import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database, SQLiteError } from "bun:sqlite";

/** Another process uses the data folder. */
export class DataFolderInUse extends Error {
  constructor(
    folder: string,
    readonly pid: string,
  ) {
    super(
      `The data folder ${folder} is in use by another backend (pid ${pid}). ` +
        `Stop that one, or start this one with another folder.`,
    );
    this.name = "DataFolderInUse";
  }
}

/**
 * Takes a data folder for this process. The lock is the operating system's, on
 * a SQLite file held in an exclusive transaction: it ends with the process
 * however that ends. The file with the pid is only there to be read to people.
 *
 * @throws DataFolderInUse
 */
export function lockFolder(folder: string): { release(): void } {
  const pidFile = join(folder, "backend.pid");
  const db = new Database(join(folder, "backend.lock"), { create: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") {
      throw new DataFolderInUse(folder, readPid(pidFile));
    }
    throw error;
  }
  writeFileSync(pidFile, String(process.pid));
  return { release: () => db.close() };
}

function readPid(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // The first one may hold the lock and not have written its pid yet.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "unknown";
    throw error;
  }
}
