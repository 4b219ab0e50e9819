"use node";

import { digestFiles } from "../model/digest";
import { refuse } from "../model/errors";
import { REPOSITORY_LIMITS } from "../model/skills/archive";
import { fitFiles, fitListing } from "../model/skills/budget";
import { readContents, readSkillFile } from "../model/skills/contents";
import { SKILL_FILE_LIMIT } from "../model/skills/contents";
import { listSkills, skillFolderOf } from "../model/skills/discover";
import type { ListedSkill, SkillFolder } from "../model/skills/discover";
import type { Manifest } from "../model/skills/manifest";
import { isPlainPath } from "../model/skills/names";
import { extractSkill, packSkill, readArchive } from "./archive";

/** Folders that hold other people's skills, not this repository's. */
const FOREIGN = /(?:^|\/)(?:node_modules|\.git)(?:\/|$)/;

/**
 * All skills of a repository's archive, at most 1,000 and as many as a record holds. One whose SKILL.md cannot be
 * used is among them, without a description.
 */
export async function listArchive(
  file: string,
  repo: string,
): Promise<ListedSkill[]> {
  const folders = new Map<string, SkillFolder>();
  for await (const entry of readArchive(file)) {
    const path = skillFolderOf(entry.path);
    if (path === null || entry.kind !== "file") continue;
    if (!isPlainPath(path) || FOREIGN.test(path)) continue;
    const exact = entry.path.endsWith("SKILL.md");
    if (folders.has(path) && !exact) continue;
    if (folders.size >= REPOSITORY_LIMITS.skills && !folders.has(path)) break;
    const folderName = nameOfFolder(path, repo);
    const unreadable = { path, name: folderName, description: "" };
    if (entry.size > SKILL_FILE_LIMIT) {
      folders.set(path, { ...unreadable, internal: false });
      continue;
    }
    const read = readSkillFile(await entry.read(SKILL_FILE_LIMIT), folderName);
    folders.set(
      path,
      read.ok
        ? {
            path,
            name: read.manifest.name,
            description: read.manifest.description,
            internal: read.manifest.internal,
          }
        : { ...unreadable, internal: false },
    );
  }
  return fitListing(listSkills([...folders.values()]));
}

export type LoadedSkill = {
  manifest: Manifest;
  files: { path: string; size: number; executable: boolean }[];
  /** Files that the list had no room for. */
  moreFiles?: number;
  totalBytes: number;
  digest: string;
  /** tar.gz with SKILL.md at its root, as sandboxd installs it. */
  packed: Buffer;
};

/**
 * One skill of a repository's archive, checked and packed for install. Throws
 * `skill_invalid`, `archive_too_large`, `archive_hostile`.
 */
export async function loadSkill(
  file: string,
  folder: string,
  repo: string,
): Promise<LoadedSkill> {
  const extracted = await extractSkill(file, folder);
  const folderName = nameOfFolder(folder, repo);
  const read = readContents(extracted.files, folderName, extracted.dropped);
  if (!read.ok) throw refuse("skill_invalid", read.message);
  const { manifest, files, totalBytes } = read.contents;
  return {
    manifest,
    ...fitFiles(
      files.map(({ path, executable, content }) => ({
        path,
        size: content.length,
        executable,
      })),
    ),
    totalBytes,
    digest: await digestFiles(files),
    packed: await packSkill(files),
  };
}

function nameOfFolder(path: string, repo: string): string {
  return path.split("/").at(-1) || repo;
}
