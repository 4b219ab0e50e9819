import { chmod, lstat, opendir, rename, stat, unlink } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { digestOnDisk } from "./digest";
import { codeOf } from "./errors";
import { makeFolder } from "./files";
import { log } from "./log";
import { digestOfFolder } from "./skill-key";

/**
 * The skills' part of the disk. The agent, the same user, can make of it what it
 * likes: nothing found there may stop the daemon, or an install that mends it.
 */

/** Visited in search of skills, at most: nobody waits for millions. */
const MAX_VISITED = 100_000;

/** All folders named by a digest below `root`; what cannot be read has none. */
export async function skillFolders(root: string): Promise<string[]> {
  const found: string[] = [];
  const left = [root];
  let visited = 0;
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    try {
      for await (const entry of await opendir(at)) {
        if (++visited > MAX_VISITED) {
          log("too much among the skills; the rest is not looked at");
          return found;
        }
        if (!entry.isDirectory()) continue;
        const path = join(at, entry.name);
        (digestOfFolder(entry.name) ? found : left).push(path);
      }
    } catch (error) {
      log("skills not looked for in a folder", error);
    }
  }
  return found;
}

/** Whether the folder holds what has this digest; what cannot be read has none. */
export async function hasDigest(
  path: string,
  digest: string,
): Promise<boolean> {
  try {
    return (await digestOnDisk(path)) === digest;
  } catch (error) {
    if (!isAbsence(error)) log("a skill cannot be verified", error);
    return false;
  }
}

/** Whether `path` leads to a file that can be found. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (!isAbsence(error)) log("a skill cannot be looked at", error);
    return false;
  }
}

/**
 * Makes a folder below `root`, whatever is in its way or closed above it. That
 * is never a folder: `clear` must not take one that was made meanwhile.
 */
export async function clearWay(
  root: string,
  folder: string,
  clear: (path: string) => Promise<void> = unlink,
): Promise<void> {
  await makeFolder(root);
  let at = root;
  for (const segment of relative(root, folder).split(sep)) {
    at = join(at, segment);
    const stats = await orAbsent(lstat(at));
    if (stats?.isDirectory()) {
      if ((stats.mode & 0o700) !== 0o700) await chmod(at, 0o755);
      continue;
    }
    try {
      if (stats) await clear(at);
    } catch (error) {
      // Another request was first; it may have made the folder already.
      if (!isAbsence(error) && codeOf(error) !== "EISDIR") throw error;
    }
    await makeFolder(at);
  }
}

/** Moves away what is at `path`; false when there is nothing. */
export async function moveAside(path: string, aside: string): Promise<boolean> {
  const stats = await orAbsent(lstat(path));
  if (!stats) return false;
  // A folder that is closed to writing cannot be given another parent either.
  if (stats.isDirectory()) await chmod(path, 0o700);
  return (await orAbsent(rename(path, aside).then(() => true))) ?? false;
}

/** null for what was not there. */
async function orAbsent<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}
