/** What one skill may hold. */
export const SKILL_LIMITS = {
  files: 1_000,
  unpackedBytes: 25 * 1024 * 1024,
  packedBytes: 10 * 1024 * 1024,
  depth: 32,
  pathBytes: 1_024,
  /** Of what a symbolic link says; Linux follows no longer one. */
  targetBytes: 4_096,
} as const;

/**
 * What the archive of a whole repository may be, of which only the skill's folder is
 * kept. Packed bytes lie in a temporary file; unpacked ones only pass through.
 */
export const REPOSITORY_LIMITS = {
  packedBytes: 200 * 1024 * 1024,
  unpackedBytes: 500 * 1024 * 1024,
  entries: 200_000,
  skills: 1_000,
} as const;

/** What an entry of a tar archive is to us. */
export type EntryKind = "file" | "folder" | "link" | "hostile";

export function entryKind(type: string | null | undefined): EntryKind {
  switch (type) {
    case "file":
    case "contiguous-file":
      return "file";
    case "directory":
      return "folder";
    case "symlink":
      return "link";
    // Hard links, devices, pipes, and what has no name: git archives have none.
    default:
      return "hostile";
  }
}

/**
 * The path of an entry within the repository: the first segment, which hosts put in
 * front (`repo-sha/`), is taken off. "" for that folder itself; null for a path that
 * is absolute or climbs. Odd names pass: they matter only inside a skill.
 */
export function entryPath(name: string): string | null {
  if (name.startsWith("/")) return null;
  const segments = name.replace(/\/+$/, "").split("/");
  const climbs = segments.some((s) => s === "" || s === "." || s === "..");
  return climbs ? null : segments.slice(1).join("/");
}

/**
 * Whether a path within a skill fits any file system it is unpacked on, below the
 * folders that the skill itself lies in.
 */
export function fitsOnDisk(path: string): boolean {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const segments = path.split("/");
  return (
    bytes(path) <= SKILL_LIMITS.pathBytes &&
    segments.length <= SKILL_LIMITS.depth &&
    segments.every((segment) => bytes(segment) <= 255)
  );
}

/** The path relative to a folder, or null when it is not inside it. */
export function pathWithin(folder: string, path: string): string | null {
  if (folder === "") return path === "" ? null : path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
}

/**
 * Where a symbolic link inside a skill's folder points, as a path in that folder;
 * null when it leaves the folder.
 */
export function linkTarget(from: string, target: string): string | null {
  if (target === "" || target.startsWith("/")) return null;
  const at = from.split("/").slice(0, -1);
  for (const segment of target.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") at.push(segment);
    else if (at.pop() === undefined) return null;
  }
  return at.join("/");
}

/**
 * The first path that another one takes for a folder, or that comes twice: such an
 * archive unpacks differently from what was checked. Null when there is none.
 */
export function collision(paths: readonly string[]): string | null {
  const all = new Set<string>();
  for (const path of paths) {
    if (all.has(path)) return path;
    all.add(path);
  }
  for (const path of paths) {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      const parent = path.slice(0, at);
      if (all.has(parent)) return parent;
    }
  }
  return null;
}
