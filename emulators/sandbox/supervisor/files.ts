import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { resolvePath } from "./environment";
import { ToolboxError, fromErrno } from "./http";

/** Above this a listing is cut: one answer must not fill the memory. */
const MAX_ENTRIES = 50_000;

export async function info(path: string) {
  const full = resolvePath(path);
  return describe(full, await attempt(path, () => stat(full)));
}

/** Entries of a folder, `depth` levels down (1 is the folder itself). */
export async function list(path: string, depth: number) {
  const found: ReturnType<typeof describe>[] = [];
  const walk = async (folder: string, left: number): Promise<void> => {
    const names = (await attempt(path, () => readdir(folder))).sort();
    for (const name of names) {
      if (found.length >= MAX_ENTRIES) return;
      const full = join(folder, name);
      const entry = await statEntry(full);
      if (!entry) continue;
      found.push(describe(full, entry));
      // lstat: a link to a folder is listed, never walked into.
      if (left > 1 && (await lstat(full)).isDirectory()) {
        await walk(full, left - 1);
      }
    }
  };
  await walk(resolvePath(path), depth);
  return found;
}

export async function remove(path: string, recursive: boolean) {
  const full = resolvePath(path);
  const entry = await attempt(path, () => lstat(full));
  if (entry.isDirectory() && !recursive) {
    throw new ToolboxError(400, `${path} is a folder: pass recursive=true`);
  }
  await attempt(path, () => rm(full, { recursive }));
}

export async function makeFolder(path: string, mode: string) {
  const bits = parseMode(mode);
  const full = resolvePath(path);
  await attempt(path, () => mkdir(full, { recursive: true }));
  // mkdir's mode is subject to the umask; what was asked for is not.
  await attempt(path, () => chmod(full, bits));
}

export async function setPermissions(
  path: string,
  mode: string | null,
  owner: string | null,
  group: string | null,
) {
  const full = resolvePath(path);
  if (mode) await attempt(path, () => chmod(full, parseMode(mode)));
  if (owner || group) {
    const now = await attempt(path, () => stat(full));
    await attempt(path, () =>
      chown(full, idOf(owner, now.uid), idOf(group, now.gid)),
    );
  }
}

export async function move(source: string, destination: string) {
  const to = resolvePath(destination);
  await attempt(destination, () => mkdir(dirname(to), { recursive: true }));
  await attempt(source, () => rename(resolvePath(source), to));
}

/** Names below `path` that match a glob. */
export async function search(path: string, pattern: string) {
  const matches = globToRegExp(pattern);
  const all = await list(path, 64);
  return { files: all.flatMap((f) => (matches.test(f.name) ? f.path : [])) };
}

function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*+/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new ToolboxError(400, `invalid pattern: ${glob}`);
  }
}

function parseMode(mode: string): number {
  if (!/^[0-7]{3,4}$/.test(mode)) {
    throw new ToolboxError(400, `invalid mode: ${mode}`);
  }
  return Number.parseInt(mode, 8);
}

function idOf(name: string | null, otherwise: number): number {
  if (!name) return otherwise;
  if (name === "daytona") return 1000;
  if (/^\d+$/.test(name)) return Number(name);
  throw new ToolboxError(400, `unknown user or group: ${name}`);
}

/** A dangling link is described as itself; an entry that went away is none. */
async function statEntry(full: string): Promise<Stats | null> {
  for (const look of [stat, lstat]) {
    try {
      return await look(full);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
  return null;
}

function describe(path: string, stats: Stats) {
  const modified = stats.mtime.toISOString();
  const permissions = (stats.mode & 0o7777).toString(8).padStart(4, "0");
  return {
    name: basename(path),
    path,
    isDir: stats.isDirectory(),
    size: stats.size,
    modTime: modified,
    modifiedAt: modified,
    mode: modeString(stats),
    permissions,
    owner: stats.uid === 1000 ? "daytona" : String(stats.uid),
    group: stats.gid === 1000 ? "daytona" : String(stats.gid),
  };
}

function modeString(stats: Stats): string {
  const kind = stats.isDirectory() ? "d" : stats.isSymbolicLink() ? "l" : "-";
  const bits = [..."rwxrwxrwx"].map((letter, index) =>
    stats.mode & (1 << (8 - index)) ? letter : "-",
  );
  return kind + bits.join("");
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromErrno(error, path);
  }
}
