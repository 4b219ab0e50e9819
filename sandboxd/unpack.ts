import { chmod, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { hostile, tooLarge } from "./archive-rules";
import { stays } from "./digest";
import { codeOf } from "./errors";
import { FILES_AT_ONCE, makeFolder, someAtOnce } from "./files";
import { MAX_TAR_BYTES, readTar, type ArchiveEntry } from "./untar";

const gunzipAsync = promisify(gunzip);

/** The entries of a gzipped tar. Throws `Refusal`, as `readTar` does. */
export async function readArchive(packed: Buffer): Promise<ArchiveEntry[]> {
  let tar: Buffer;
  try {
    tar = await gunzipAsync(packed, { maxOutputLength: MAX_TAR_BYTES });
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge("more than 25 MiB unpacked");
    }
    throw hostile("it is not gzip, or it is damaged");
  }
  const entries = readTar(tar);
  if (
    !entries.some(({ kind, path }) => kind === "file" && path === "SKILL.md")
  ) {
    throw hostile("there is no SKILL.md at its root");
  }
  return entries;
}

/**
 * Writes judged entries into an empty folder. Links come last, so that nothing
 * is ever written through one, and each must end inside the folder.
 */
export async function writeEntries(
  root: string,
  entries: ArchiveEntry[],
): Promise<void> {
  const folders = new Set<string>();
  for (const entry of entries) {
    const full = join(root, entry.path);
    folders.add(entry.kind === "directory" ? full : dirname(full));
  }
  for (const folder of folders) await makeFolder(folder);
  const files = entries.filter((entry) => entry.kind === "file");
  await someAtOnce(
    FILES_AT_ONCE,
    files,
    async ({ path, executable, content }) => {
      const mode = executable ? 0o755 : 0o644;
      const full = join(root, path);
      await writeFile(full, content, { mode, flag: "wx" });
      await chmod(full, mode); // whatever the umask: the digest has this bit
    },
  );
  const links = entries.filter((entry) => entry.kind === "link");
  for (const { path, target } of links) {
    if (isAbsolute(target)) throw hostile(`${path} links to an absolute path`);
    await symlink(target, join(root, path));
  }
  const real = await realpath(root);
  for (const { path } of links) {
    if (!(await stays(join(root, path), real))) {
      throw hostile(`${path} links out of the folder, or to nothing`);
    }
  }
}
