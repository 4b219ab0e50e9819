import { posix } from "node:path";
import { Refusal } from "../errors";

/**
 * What belongs to the person, relative to the home: their workspaces and what
 * the agent remembers. Not in it: its config and keys, logs, caches and dumps of
 * requests (.hermes/sessions), and the skills, which have a source of their own.
 */
export const KEPT_FOLDERS = ["sessions", ".hermes/memories"];

/** The agent's database, and what of it was not merged when the agent stopped. */
export const KEPT_FILES = [
  ".hermes/state.db",
  ".hermes/state.db-wal",
  ".hermes/state.db-journal",
];

/** The index into the old -wal: SQLite makes it anew, and must not meet this. */
export const DROPPED_FILES = [".hermes/state.db-shm"];

export const MAX_BYTES = 200 * 1024 * 1024;
/** Links count as files. */
export const MAX_FILES = 50_000;
export const MAX_FOLDERS = 50_000;
/** Room for what gzip adds to bytes that do not compress. */
export const MAX_PACKED_BYTES = MAX_BYTES + 16 * 1024 * 1024;
/** For a transfer, ms. */
export const TRANSFER_LIMIT_MS = 5 * 60_000;

const MAX_PATH_BYTES = 4_000;

/**
 * Names on disk are bytes in any encoding, or none. Here a path is those bytes,
 * one character each ("latin1"), so comparing characters compares bytes.
 */
export type BytePath = string;

/** The path on disk, for fs. */
export function onDisk(root: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]);
}

/** Whether an entry of that kind may be at `path`. */
export function isKept(path: BytePath, kind: "file" | "folder" | "link") {
  if (kind === "folder" && KEPT_FOLDERS.includes(path)) return true;
  if (kind === "file" && KEPT_FILES.includes(path)) return true;
  return withinFolders(path);
}

/** Whether the path is short and plain: no "..", no empty or "." segment. */
export function isPlain(path: BytePath): boolean {
  return (
    path.length <= MAX_PATH_BYTES &&
    !path.includes("\0") &&
    path
      .split("/")
      .every((name) => !["", ".", ".."].includes(name) && name.length <= 255)
  );
}

/**
 * Where a link leads, relative to its own folder; null when that is not in a
 * kept folder. It is judged by its text: nothing is ever written through it.
 */
export function linkWithin(
  root: string,
  path: BytePath,
  target: BytePath,
): BytePath | null {
  const from = posix.dirname(path);
  const home = Buffer.from(root).toString("latin1");
  if (target.length > MAX_PATH_BYTES) return null;
  if (target.startsWith("/")) {
    if (!posix.normalize(target).startsWith(`${home}/`)) return null;
    const to = posix.relative(home, target);
    return withinFolders(to, true) ? posix.relative(from, to) || "." : null;
  }
  const to = posix.normalize(posix.join(from, target));
  return withinFolders(to, true) ? target : null;
}

function withinFolders(path: BytePath, orItself = false): boolean {
  return KEPT_FOLDERS.some(
    (folder) =>
      path.startsWith(`${folder}/`) ||
      (orItself && (path === folder || path === `${folder}/`)),
  );
}

export function tooMuch(bytes: number, files: number): Refusal {
  return new Refusal(
    413,
    "keep_too_large",
    "There is more than can be kept: at most 50,000 files with 200 MiB.",
    { bytes, files },
  );
}
