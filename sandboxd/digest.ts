import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

export type DigestFile = {
  /** Relative, separated by "/". */
  path: string;
  executable: boolean;
  content: Uint8Array;
};

/**
 * The digest of a skill folder: SHA-256, lower-case hex, over one line per
 * regular file in bytewise order of paths. The server computes the same.
 */
export function digestOf(files: DigestFile[]): string {
  const hash = createHash("sha256");
  const rows = files.map(({ path, executable, content }) => ({
    key: Buffer.from(path, "utf8"),
    line:
      `${path}\0${executable ? "x" : "-"}\0` +
      `${createHash("sha256").update(content).digest("hex")}\n`,
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
  const files: DigestFile[] = [];
  const walk = async (relative: string): Promise<boolean> => {
    const entries = await readdir(join(root, relative), {
      withFileTypes: true,
    });
    for (const entry of entries) {
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      const full = join(root, path);
      if (entry.isDirectory()) {
        if (!(await walk(path))) return false;
      } else if (entry.isFile()) {
        const { mode } = await stat(full);
        const content = await readFile(full);
        files.push({ path, executable: (mode & 0o100) !== 0, content });
      } else if (!entry.isSymbolicLink() || !(await stays(full, real))) {
        return false;
      }
    }
    return true;
  };
  return (await walk("")) ? digestOf(files) : null;
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
