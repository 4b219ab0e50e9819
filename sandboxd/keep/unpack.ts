import { mkdir, open, symlink, utimes, lutimes, chmod } from "node:fs/promises";
import { dirname } from "node:path/posix";
import { hostile } from "../archive-rules";
import { codeOf } from "../errors";
import {
  isKept,
  linkWithin,
  MAX_BYTES,
  MAX_FILES,
  MAX_FOLDERS,
  onDisk,
  tooMuch,
  type BytePath,
} from "./parts";
import { readTar, type ReadEntry } from "./tar-read";

/**
 * Writes an archive into the empty folder `root`. Links come last, so that
 * nothing is written through one. A folder stays open to its owner, for it is
 * moved later. Throws `Refusal`: archive_hostile, keep_too_large.
 */
export async function unpackKept(
  root: string,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  const folders: ReadEntry[] = [];
  const links: ReadEntry[] = [];
  let files = 0;
  let bytes = 0;
  let parent: BytePath | null = null;
  for await (const entry of readTar(chunks)) {
    const { path, kind, size } = entry;
    if (!isKept(path, kind)) throw hostile(`${shown(path)} is never kept`);
    if (kind === "folder") folders.push(entry);
    else files += 1;
    bytes += size;
    if (
      files > MAX_FILES ||
      folders.length > MAX_FOLDERS ||
      bytes > MAX_BYTES
    ) {
      throw tooMuch(bytes, files);
    }
    if (kind === "link") {
      if (linkWithin(root, path, entry.target) !== entry.target) {
        throw hostile(`${shown(path)} links out of what is kept`);
      }
      links.push(entry);
      continue;
    }
    const folder = kind === "folder" ? path : dirname(path);
    if (folder !== parent) await makeFolder(root, folder);
    parent = folder;
    if (kind === "file") await writeFile(root, entry);
  }
  for (const { path, target, mtime } of links) {
    await makeFolder(root, dirname(path));
    const full = onDisk(root, path);
    await once(symlink(Buffer.from(target, "latin1"), full), path);
    await lutimes(full, mtime, mtime);
  }
  for (const { path, mode, mtime } of folders.reverse()) {
    const full = onDisk(root, path);
    await chmod(full, mode | 0o700);
    await utimes(full, mtime, mtime);
  }
}

async function makeFolder(root: string, path: BytePath): Promise<void> {
  await once(mkdir(onDisk(root, path), { recursive: true }), path);
}

async function writeFile(root: string, entry: ReadEntry): Promise<void> {
  const { path, mode, mtime } = entry;
  const file = await once(open(onDisk(root, path), "wx", 0o600), path);
  try {
    for await (const chunk of entry.content) await file.writeFile(chunk);
    await file.chmod(mode);
    await file.utimes(mtime, mtime);
  } finally {
    await file.close();
  }
}

/** What is there already came twice, or as two things. */
async function once<T>(making: Promise<T>, path: BytePath): Promise<T> {
  try {
    return await making;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw hostile(`${shown(path)} comes twice`);
    }
    throw error;
  }
}

function shown(path: BytePath): string {
  return JSON.stringify(path.slice(0, 120));
}
