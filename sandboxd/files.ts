import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { discard } from "./discard";
import { codeOf } from "./errors";

/** Of JSON: more than any of ours has. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

/**
 * Makes a folder, and those above it. Node's own way answers ENOENT where the
 * disk is full.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeLast(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeLast(path);
  }
}

async function makeLast(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false; // a link to nothing
    throw error;
  }
}

/**
 * Replaces a file in one step: readers see the old one or the new one. A folder
 * in its place, which only the agent can have put there, is removed.
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    try {
      await rename(temporary, path);
    } catch (error) {
      if (codeOf(error) !== "EISDIR") throw error;
      await discard(path);
      await rename(temporary, path);
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * The content of a regular file. The agent shares this disk: so not through a
 * link, not waiting for a pipe, and null when there are over `maxBytes`, unread.
 */
export async function readRegular(
  path: string,
  maxBytes: number,
): Promise<{ content: Buffer; mode: number } | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) return null;
    const buffer = Buffer.allocUnsafe(stats.size);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled);
      if (bytesRead === 0) break; // cut off meanwhile
      filled += bytesRead;
    }
    return { content: buffer.subarray(0, filled), mode: stats.mode };
  } finally {
    await file.close();
  }
}

/** The parsed JSON of a file; null when there is none, or no file, or not JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    const file = await readRegular(path, MAX_JSON_BYTES);
    return file && (JSON.parse(file.content.toString("utf8")) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    // ELOOP: a link; ENXIO: a socket.
    if (["ENOENT", "ELOOP", "ENXIO"].includes(codeOf(error) ?? "")) return null;
    throw error;
  }
}

/**
 * Does `work` for each of many, `atOnce` at a time. After the first failure no
 * more are begun, and it is thrown once those under way have ended: whoever
 * tidies up then tidies up after all of them.
 */
export async function someAtOnce<T>(
  atOnce: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async () => {
    while (failures.length === 0) {
      const next = queue.next();
      if (next.done) return;
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Files of one skill read or written at once: more are no faster, and hold memory. */
export const FILES_AT_ONCE = 32;

/** Runs tasks given to it one after the other, whatever becomes of each. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task, task);
    this.#tail = result.catch((error: unknown) => error);
    return result;
  }
}

/** One `Lock` per name; names in use are few, so none are forgotten early. */
export class Locks {
  #locks = new Map<string, { lock: Lock; users: number }>();

  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const held = this.#locks.get(name) ?? { lock: new Lock(), users: 0 };
    this.#locks.set(name, held);
    held.users += 1;
    try {
      return await held.lock.run(task);
    } finally {
      held.users -= 1;
      if (held.users === 0) this.#locks.delete(name);
    }
  }
}
