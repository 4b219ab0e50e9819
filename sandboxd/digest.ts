import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { FILES_AT_ONCE, someAtOnce } from "./files";

type Line = { path: string; executable: boolean; sha256: string };

/**
 * The digest of a skill folder: SHA-256, lower-case hex, over one line per
 * regular file in bytewise order of paths. The server computes the same.
 */
function digestOf(lines: Line[]): string {
  const hash = createHash("sha256");
  const rows = lines.map(({ path, executable, sha256 }) => ({
    key: Buffer.from(path, "utf8"),
    line: `${path}\0${executable ? "x" : "-"}\0${sha256}\n`,
  }));
  rows.sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { line } of rows) hash.update(line);
  return hash.digest("hex");
}

/**
 * The digest of what is on disk, or null when the folder holds something a
 * skill cannot have been installed with: a link out of it, a socket, a device.
 */
export async function digestOnDisk(root: string): Promise<string | null> {
  const real = await realpath(root);
  const paths: string[] = [];
  const walk = async (relative: string): Promise<boolean> => {
    const entries = await readdir(join(root, relative), {
      withFileTypes: true,
    });
    for (const entry of entries) {
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        if (!(await walk(path))) return false;
      } else if (entry.isFile()) {
        paths.push(path);
      } else if (
        !entry.isSymbolicLink() ||
        !(await stays(join(root, path), real))
      ) {
        return false;
      }
    }
    return true;
  };
  if (!(await walk(""))) return null;
  const lines: Line[] = [];
  await someAtOnce(FILES_AT_ONCE, paths, async (path) => {
    const full = join(root, path);
    const [{ mode }, content] = await Promise.all([stat(full), readFile(full)]);
    const sha256 = createHash("sha256").update(content).digest("hex");
    lines.push({ path, executable: (mode & 0o100) !== 0, sha256 });
  });
  return digestOf(lines);
}

/** Whether a link ends at something that exists inside `root`. */
export async function stays(link: string, root: string): Promise<boolean> {
  try {
    const target = await realpath(link);
    return target === root || target.startsWith(root + sep);
  } catch {
    return false; // dangling or looping: it ends nowhere inside
  }
}
