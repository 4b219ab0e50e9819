import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./errors";

/** Replaces a file in one step: readers see the old one or the new one. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The parsed JSON of a file; null when it is absent or not JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Files read or written at once: more do not get faster, and hold memory. */
const AT_ONCE = 32;

/** Does `work` for each of many files, some at a time. The first failure ends it. */
export async function eachFile<T>(
  files: Iterable<T>,
  work: (file: T) => Promise<void>,
): Promise<void> {
  const queue = files[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

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
