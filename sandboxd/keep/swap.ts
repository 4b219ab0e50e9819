import { randomUUID } from "node:crypto";
import { lstat, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { discard } from "../discard";
import { codeOf } from "../errors";
import { readJson, writeAtomic } from "../files";
import { DROPPED_FILES, KEPT_FILES, KEPT_FOLDERS } from "./parts";

/**
 * Replaces what is kept by another tree, all of it or nothing, across crashes:
 * once `commit` has renamed a prepared folder to "committed" it is finished,
 * now or at the next boot; before that nothing was touched.
 *
 *   <work>/<id>/new/...       the tree, relative to the home
 *   <work>/committed/plan.json  which parts it has
 *   <work>/committed/old/...  what was there before, until the end
 */
export class Swap {
  constructor(
    readonly home: string,
    /** On the same file system as the home. */
    readonly work: string,
  ) {}

  get #committed() {
    return join(this.work, "committed");
  }

  /** A new folder; the tree is to be made in its `new`. */
  async prepare(): Promise<string> {
    const folder = join(this.work, randomUUID());
    await mkdir(join(folder, "new"), { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Finishes what was committed. All that is then left in `work` is waste. */
  async recover(): Promise<void> {
    await this.#finish();
  }

  /** Puts the prepared tree in place. The agent must not run. */
  async commit(prepared: string): Promise<void> {
    const parts: string[] = [];
    for (const part of [...KEPT_FOLDERS, ...KEPT_FILES]) {
      if (await exists(join(prepared, "new", part))) parts.push(part);
    }
    await writeAtomic(join(prepared, "plan.json"), JSON.stringify(parts));
    const earlier = await this.#finish(); // one that could not be
    await rename(prepared, this.#committed);
    const done = await this.#finish();
    for (const waste of [earlier, done]) if (waste) await discard(waste);
  }

  /** Can be broken off and begun again anywhere. Where its waste is, if any. */
  async #finish(): Promise<string | null> {
    const committed = this.#committed;
    const plan = await readJson(join(committed, "plan.json"));
    if (!Array.isArray(plan)) return null; // there is none
    for (const part of [...KEPT_FOLDERS, ...KEPT_FILES, ...DROPPED_FILES]) {
      const from = join(committed, "new", part);
      const to = join(this.home, part);
      const planned = plan.includes(part);
      if (planned && !(await exists(from))) continue; // it is there already
      if (await exists(to)) {
        // A name of its own each time: the agent may have run in between.
        const aside = join(committed, "old", randomUUID());
        await mkdir(dirname(aside), { recursive: true });
        await rename(to, aside);
      }
      if (!planned) continue;
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    }
    const done = join(this.work, randomUUID());
    await rename(committed, done);
    return done;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
}
