import { randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { digestOnDisk } from "./digest";
import { discard } from "./discard";
import { Refusal } from "./errors";
import { Locks, readJson, someAtOnce, writeAtomic } from "./files";
import type { Layout } from "./layout";
import { setAside } from "./leftovers";
import { log } from "./log";
import {
  clearWay,
  hasDigest,
  isFile,
  moveAside,
  skillFolders,
} from "./skill-disk";
import {
  digestOfFolder,
  keySegments,
  skillFolder,
  type InstalledSkill,
} from "./skill-key";
import { readArchive, writeEntries } from "./unpack";

export type InstallRequest = {
  key: string;
  sha: string;
  digest: string;
  /** Names the request; absent, nobody can ask for the skill's end. */
  installId?: string;
};

export type UninstallRequest = {
  key: string;
  digest: string;
  installId: string;
};

/** Verified at once while it boots; each reads some files at once. */
const SKILLS_AT_ONCE = 4;

/** For all of them: who waits for the daemon does not wait for planted ones. */
const LOAD_LIMIT_MS = 10_000;

/**
 * The skills in this sandbox. A folder counts only while its content has the
 * digest it is named by: that is checked at boot and at each install.
 */
export class SkillStore {
  #installed = new Map<string, InstalledSkill>();
  #targets = new Locks();

  constructor(
    readonly layout: Layout,
    readonly onChange: () => Promise<void>,
  ) {}

  /**
   * Sets leftovers of an interrupted install aside and believes only digests.
   * Never throws, for the daemon listens after it: a skill that cannot be
   * verified, in time too, is missing, and the server installs it again.
   */
  async load(limitMs = LOAD_LIMIT_MS): Promise<void> {
    const { slipway, skills, staging } = this.layout;
    let late = 0;
    const deadline = performance.now() + limitMs;
    try {
      await setAside(slipway, staging);
      await clearWay(slipway, skills);
      const folders = await skillFolders(skills);
      await someAtOnce(SKILLS_AT_ONCE, folders, async (folder) => {
        if (performance.now() >= deadline) {
          if (late++ === 0) log("skills not verified in time are missing");
          return;
        }
        const skill = await this.#verified(folder);
        if (skill) this.#installed.set(folder, skill);
      });
    } catch (error) {
      log("skills not verified", error);
    }
  }

  /** Installed skills and their folders, as far as they are still there. */
  async list(): Promise<(InstalledSkill & { path: string })[]> {
    const rows = [...this.#installed].map(async ([path, skill]) => {
      if (await isFile(join(path, "SKILL.md"))) return { ...skill, path };
      this.#installed.delete(path); // the agent may delete what it likes
      return null;
    });
    const present = (await Promise.all(rows)).filter((row) => row !== null);
    return present.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The skill installed at exactly this folder, or null. */
  async at(path: string): Promise<InstalledSkill | null> {
    return (await this.list()).find((skill) => skill.path === path) ?? null;
  }

  /**
   * Installs one archive. Repeating it is harmless. Throws `Refusal`:
   * digest_mismatch, archive_too_large, archive_hostile.
   */
  async install(request: InstallRequest, packed: Buffer) {
    const { key, sha, digest, installId } = request;
    const path = skillFolder(this.layout.skills, key, digest);
    return await this.#targets.run(path, async () => {
      await clearWay(this.layout.slipway, dirname(path));
      const alreadyPresent = await hasDigest(path, digest);
      if (!alreadyPresent) await this.#place(path, digest, packed);
      const known = this.#installed.get(path)?.shas ?? [];
      const shas = [...new Set([...known, sha])];
      const skill: InstalledSkill = {
        key,
        shas,
        digest,
        ...(installId !== undefined && { installId }),
      };
      await writeAtomic(`${path}.json`, JSON.stringify(skill));
      this.#installed.set(path, skill);
      await this.onChange();
      return { digest, path, alreadyPresent };
    });
  }

  /**
   * Removes what one install put here. Requests may come late: one that names
   * another install than the last, which somebody may rely on by now, is
   * refused. Repeating it is harmless. Throws `Refusal`: reinstalled.
   */
  async uninstall({ key, digest, installId }: UninstallRequest) {
    const path = skillFolder(this.layout.skills, key, digest);
    return await this.#targets.run(path, async () => {
      const known = this.#installed.get(path);
      if (known && known.installId !== installId) {
        throw new Refusal(
          409,
          "reinstalled",
          "The skill was installed again since.",
        );
      }
      this.#installed.delete(path);
      // First out of the agent's index, then off the disk.
      await this.onChange();
      const aside = join(this.layout.staging, randomUUID());
      await clearWay(this.layout.slipway, this.layout.staging);
      const removed = await moveAside(path, aside);
      await discard(`${path}.json`);
      await discard(aside);
      return { digest, removed };
    });
  }

  async #place(path: string, digest: string, packed: Buffer): Promise<void> {
    const staged = join(this.layout.staging, randomUUID());
    const aside = `${staged}.aside`;
    await clearWay(this.layout.slipway, staged);
    try {
      await writeEntries(staged, await readArchive(packed));
      const found = await digestOnDisk(staged);
      if (found !== digest) {
        throw new Refusal(
          409,
          "digest_mismatch",
          "The archive's content is not what its digest says.",
          { digest: found },
        );
      }
      if (await moveAside(path, aside)) log(`skill changed on disk, replaced`);
      await rename(staged, path);
    } finally {
      await discard(staged);
      await discard(aside);
    }
  }

  /** What the folder holds, if its note and its content agree with its name. */
  async #verified(folder: string): Promise<InstalledSkill | null> {
    const key = relative(this.layout.skills, dirname(folder))
      .split(sep)
      .join("/");
    const digest = digestOfFolder(folder.slice(folder.lastIndexOf(sep) + 1));
    let note: InstalledSkill | null;
    try {
      keySegments(key);
      note = (await readJson(`${folder}.json`)) as InstalledSkill | null;
    } catch (error) {
      log("a skill's note cannot be read", error);
      return null;
    }
    if (!digest || !Array.isArray(note?.shas)) return null;
    if (!(await hasDigest(folder, digest))) return null;
    return {
      key,
      shas: note.shas.filter((s) => typeof s === "string"),
      digest,
      ...(typeof note.installId === "string" && { installId: note.installId }),
    };
  }
}
