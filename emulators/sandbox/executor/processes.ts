import { readFileSync, readdirSync } from "node:fs";

const PAGE = 4096;

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

/** Bytes that only these processes hold: shared pages are not counted. */
export function memoryOf(pids: number[]): number {
  let pages = 0;
  for (const pid of pids) {
    const [, resident = 0, shared = 0] = readProc(`${pid}/statm`)
      .split(" ")
      .map(Number);
    pages += resident - shared;
  }
  return pages * PAGE;
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
