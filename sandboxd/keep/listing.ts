import { createHash, type Hash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, open, opendir, readlink } from "node:fs/promises";
import { codeOf, Refusal } from "../errors";
import {
  isPlain,
  KEPT_FILES,
  KEPT_FOLDERS,
  linkWithin,
  MAX_BYTES,
  MAX_FILES,
  MAX_FOLDERS,
  onDisk,
  tooMuch,
  type BytePath,
} from "./parts";

export type KeptEntry = {
  path: BytePath;
  kind: "file" | "folder" | "link";
  /** Permission bits. */
  mode: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Of a file, in bytes; else 0. */
  size: number;
  /** Of a link, relative to its folder. */
  target: BytePath;
};

export type Listing = {
  /** In bytewise order of paths, so folders come before what is in them. */
  entries: KeptEntry[];
  /** Files and links. */
  files: number;
  bytes: number;
  /** Sockets, pipes, devices, links to elsewhere, too long paths: left out. */
  skipped: number;
};

/**
 * At so many the counting ends: nobody waits for millions. What is kept is less,
 * so then it is too much.
 */
const MAX_COUNTED = 500_000;
const AT_ONCE = 64;
const CHUNK = 256 * 1024;

/**
 * What is kept of the tree at `root`, a home or one in the making. Follows no
 * link. Throws `Refusal`: keep_too_large, unreadable, changing;
 * and the signal's reason.
 */
export async function listKept(
  root: string,
  {
    maxCounted = MAX_COUNTED,
    signal,
  }: { maxCounted?: number; signal?: AbortSignal } = {},
): Promise<Listing> {
  const listing: Listing = { entries: [], files: 0, bytes: 0, skipped: 0 };
  let folders = 0;

  async function add(path: BytePath, wanted?: "file" | "folder") {
    if (!isPlain(path)) {
      listing.skipped += 1; // also where the disk itself takes no path so long
      return;
    }
    const stats = await readable(orVanished(lstat(onDisk(root, path))), path);
    const entry = stats && (await entryOf(root, path, stats));
    if (!entry || (wanted && entry.kind !== wanted)) {
      if (stats) listing.skipped += 1;
      return;
    }
    if (entry.kind === "folder") folders += 1;
    else listing.files += 1;
    listing.bytes += entry.size;
    // Too much already: the rest is only counted.
    if (listing.files <= MAX_FILES && folders <= MAX_FOLDERS) {
      listing.entries.push(entry);
    }
    if (entry.kind === "folder") left.push(path);
  }

  async function addAll(paths: BytePath[]) {
    signal?.throwIfAborted();
    await Promise.all(paths.map((path) => add(path)));
    const { files, bytes } = listing;
    if (files + folders > maxCounted) throw tooMuch(bytes, files);
  }

  /** Some names at a time: all of a folder's may not fit into memory. */
  async function addWithin(folder: BytePath) {
    let paths: BytePath[] = [];
    const path = onDisk(root, folder);
    for await (const { name } of await opendir(path, { encoding: "latin1" })) {
      paths.push(`${folder}/${name}`);
      if (paths.length < AT_ONCE) continue;
      await addAll(paths);
      paths = [];
    }
    await addAll(paths);
  }

  const left: BytePath[] = [];
  for (const path of KEPT_FILES) await add(path, "file");
  for (const path of KEPT_FOLDERS) await add(path, "folder");
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    await readable(addWithin(at), at);
  }
  const { files, bytes } = listing;
  if (files > MAX_FILES || folders > MAX_FOLDERS || bytes > MAX_BYTES) {
    throw tooMuch(bytes, files);
  }
  listing.entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return listing;
}

async function entryOf(
  root: string,
  path: BytePath,
  stats: Stats,
): Promise<KeptEntry | null> {
  const mtime = Math.floor(stats.mtimeMs / 1_000);
  const entry = { path, mode: stats.mode & 0o777, mtime, size: 0, target: "" };
  if (stats.isFile()) return { ...entry, kind: "file", size: stats.size };
  if (stats.isDirectory()) return { ...entry, kind: "folder" };
  if (!stats.isSymbolicLink()) return null;
  const given = await orVanished(readlink(onDisk(root, path), "buffer"));
  const target = given && linkWithin(root, path, given.toString("latin1"));
  return target ? { ...entry, kind: "link", target } : null;
}

/** Whether each file may be read, which its listing does not tell. Throws `Refusal`: unreadable. */
export async function requireReadable(
  root: string,
  entries: KeptEntry[],
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, path } of entries) {
    signal.throwIfAborted();
    if (kind !== "file") continue;
    await readable(access(onDisk(root, path), constants.R_OK), path);
  }
}

/** The hash of each file, by path. Throws `Refusal`: unreadable, busy. */
export async function hashFiles(
  root: string,
  { entries }: Listing,
  signal?: AbortSignal,
): Promise<Map<BytePath, string>> {
  const hashes = new Map<BytePath, string>();
  for (const entry of entries) {
    signal?.throwIfAborted();
    if (entry.kind !== "file") continue;
    const hash = createHash("sha256");
    for await (const chunk of contentOf(root, entry)) hash.update(chunk);
    hashes.set(entry.path, hash.digest("hex"));
  }
  return hashes;
}

/**
 * The digest of a listing: as that of a skill (see digest.ts), with links as
 * lines of kind "l" whose content is their target. The server computes the same.
 */
export function digestOfListing(
  { entries }: Listing,
  hashes: Map<BytePath, string>,
): string {
  const digest = createHash("sha256");
  for (const { path, kind, mode, target } of entries) {
    if (kind === "folder") continue;
    const type = kind === "link" ? "l" : (mode & 0o100) !== 0 ? "x" : "-";
    const hash =
      kind === "link"
        ? createHash("sha256").update(target, "latin1").digest("hex")
        : hashes.get(path);
    digest.update(`${path}\0${type}\0${hash}\n`, "latin1");
  }
  return digest.digest("hex");
}

/** The bytes of a file, as many as were listed; throws `changing` when it changed. */
export async function* contentOf(
  root: string,
  { path, size }: KeptEntry,
  hash?: Hash,
): AsyncGenerator<Buffer> {
  // Not through a link, and not waiting for a pipe that took its place.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  const file = await readable(open(onDisk(root, path), flags), path);
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size !== size) throw changed();
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(left, CHUNK));
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) throw changed();
      const chunk = buffer.subarray(0, bytesRead);
      hash?.update(chunk);
      yield chunk;
      left -= bytesRead;
    }
  } finally {
    await file.close();
  }
}

export function changed(): Refusal {
  return new Refusal(409, "changing", "Files change while they are read.");
}

async function readable<T>(reading: Promise<T>, path: BytePath): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EACCES" || code === "EPERM") {
      const shown = JSON.stringify(path.slice(0, 200));
      throw new Refusal(422, "unreadable", `${shown} cannot be read.`);
    }
    const other = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"];
    if (other.includes(code ?? "")) throw changed();
    throw error;
  }
}

/** null for what was there a moment ago, or never. */
async function orVanished<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
    throw error;
  }
}
