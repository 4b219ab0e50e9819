import { readFileSync, readdirSync } from "node:fs";

/** The direct children of a process; none when it has ended. */
export function childrenOf(pid: number): number[] {
  // Each thread lists the children it started.
  return threadsOf(pid).flatMap((thread) =>
    readProc(`${pid}/task/${thread}/children`)
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}

/** A process and all below it, parents first. */
export function treeOf(pid: number): number[] {
  const found = [pid];
  for (const one of found) found.push(...childrenOf(one));
  return found;
}

/**
 * Bytes of memory these processes hold, files' pages not counted. What several
 * of them share counts for each: it is no less than what they hold together.
 */
export function memoryOf(pids: number[]): number {
  return sumOf(pids, "status", /^Rss(?:Anon|Shmem):\s*(\d+) kB$/gm);
}

/**
 * The same with each shared page divided among all that have it, for which the
 * kernel walks through all their pages. One that may not be looked into counts whole.
 */
export function shareOf(pids: number[]): number {
  return pids.reduce((sum, pid) => sum + shareOfOne(pid), 0);
}

function shareOfOne(pid: number): number {
  try {
    return sumOf([pid], "smaps_rollup", /^Pss_(?:Anon|Shmem):\s*(\d+) kB$/gm);
  } catch {
    return memoryOf([pid]); // it made itself unreadable
  }
}

function sumOf(pids: number[], file: string, lines: RegExp): number {
  let kibibytes = 0;
  for (const pid of pids) {
    for (const [, count] of readProc(`${pid}/${file}`).matchAll(lines)) {
      kibibytes += Number(count);
    }
  }
  return kibibytes * 1024;
}

/** Real, effective, saved and file-system user, as the host sees them. */
export function uidsOf(pid: number): number[] {
  const line = /^Uid:\s*(.*)$/m.exec(readProc(`${pid}/status`))?.[1] ?? "";
  return line.split(/\s+/).filter(Boolean).map(Number);
}

export function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // ESRCH: it ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function threadsOf(pid: number): string[] {
  return attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
}

function readProc(path: string): string {
  return attempt(() => readFileSync(`/proc/${path}`, "utf8")) ?? "";
}

/** Null when the process ended meanwhile, or the kernel has no such file. */
function attempt<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}
