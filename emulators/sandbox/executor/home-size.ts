import { readdirSync, readlinkSync, statSync } from "node:fs";
import type { Stats } from "node:fs";

/** What a home holds on its disk. */
export interface HomeSize {
  bytes: number;
  inodes: number;
  /** There is more, of unknown size, that could not be looked at. */
  hidden: boolean;
}

/** Of all processes together; a sandbox that builds a large project has some 1,000. */
const MOST_DESCRIPTORS = 100_000;
const BLOCK = 512;

/**
 * Measures a home that is a folder. What was removed while it is open takes its
 * room for as long as it is, and is in no folder: it is asked of the processes.
 *
 * @param pids host ids of all that run in the sandbox
 * @throws Error where this host's `du` gives no numbers
 */
export async function sizeOf(home: string, pids: number[]): Promise<HomeSize> {
  const [bytes, inodes] = await Promise.all([
    ask("--block-size=1", home),
    ask("--inodes", home),
  ]);
  const removed = await removedBut(pids, statSync(home).dev);
  return {
    bytes: bytes.total + removed.bytes,
    inodes: inodes.total + removed.inodes,
    hidden: bytes.hidden || removed.hidden,
  };
}

/** du does not follow links and stays on one file system. */
async function ask(what: string, home: string) {
  const du = Bun.spawn(["du", "-sx", what, "--", home], {
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, complaints] = await Promise.all([
    new Response(du.stdout).text(),
    new Response(du.stderr).text(),
  ]);
  const total = Number.parseInt(said, 10);
  if (Number.isNaN(total)) {
    throw new Error(
      `du ${what} gave no number; GNU coreutils' does: ${complaints.trim()}`,
    );
  }
  // Entries that went away meanwhile make it fail too, with a right total.
  return { total, hidden: complaints.includes("Permission denied") };
}

/** Files of a device that are open and in no folder any more, each once. */
async function removedBut(pids: number[], device: number): Promise<HomeSize> {
  const seen = new Set<number>();
  let bytes = 0;
  let looked = 0;
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    const names = attempt(() => readdirSync(folder));
    looked += names?.length ?? 0;
    const hidden = names === "refused" || looked > MOST_DESCRIPTORS;
    if (hidden) return { bytes, inodes: seen.size, hidden };
    for (const name of names ?? []) {
      const stat = attempt(() => removedAt(`${folder}/${name}`));
      if (!stat || stat === "refused") continue;
      if (stat.dev !== device || seen.has(stat.ino)) continue;
      seen.add(stat.ino);
      bytes += stat.blocks * BLOCK;
    }
    // One process may have thousands: others get their turn in between.
    await new Promise(setImmediate);
  }
  return { bytes, inodes: seen.size, hidden: false };
}

function removedAt(path: string): Stats | null {
  if (!readlinkSync(path).endsWith(" (deleted)")) return null;
  const stat = statSync(path);
  return stat.isFile() && stat.nlink === 0 ? stat : null;
}

/** Null when the process, or what it had open, is gone meanwhile. */
function attempt<T>(look: () => T): T | "refused" | null {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    if (code === "EACCES" || code === "EPERM") return "refused";
    throw error;
  }
}
