import { memoryNote } from "./cgroups";
import type { Cgroups, Controller } from "./cgroups";

/** What one sandbox may use. Reported as is by /health. */
export interface Limits {
  /** Processes and threads. */
  processes: number;
  /** Processor time, in cores. */
  cpuCores: number;
  /** All its processes together. */
  memoryMiB: number;
  /** Its home, and the number of files in it. */
  diskMiB: number;
  files: number;
  openFiles: number;
  /** Per process (RLIMIT_DATA): below 4 GiB of address space Node breaks. */
  dataMiB: number;
  /** Largest single file. */
  fileMiB: number;
  tmpMiB: number;
  shmMiB: number;
  runMiB: number;
}

export const DEFAULT_LIMITS: Limits = {
  processes: 1024,
  cpuCores: 2,
  memoryMiB: 4096,
  diskMiB: 3072,
  files: 300_000,
  openFiles: 8192,
  dataMiB: 4096,
  fileMiB: 2048,
  tmpMiB: 1024,
  shmMiB: 64,
  runMiB: 64,
};

export function prlimitArgs(limits: Limits): string[] {
  const bytes = (n: number) => n * 1024 * 1024;
  return [
    `--nproc=${limits.processes}`,
    `--nofile=${limits.openFiles}`,
    `--data=${bytes(limits.dataMiB)}`,
    `--fsize=${bytes(limits.fileMiB)}`,
    "--core=0",
  ];
}

/** By what each limit is held on this host; "watched" ones can be overrun. */
export type Held = Record<string, string>;

/**
 * @param ownDisks whether homes have a file system of their own; else why not
 */
export function heldBy(groups: Cgroups | null, ownDisks: true | string): Held {
  const home =
    ownDisks === true
      ? "a file system of its own, in a file"
      : `watched: measured when the disk shrinks and every 5 s, ended beyond it (${ownDisks})`;
  const group = (controller: Controller, otherwise: string) =>
    groups?.controllers.includes(controller)
      ? `cgroup v${groups.version}`
      : otherwise;
  const rlimits = ["openFiles", "dataMiB", "fileMiB"];
  return {
    processes: `prlimit, in its own user namespace; ${group("pids", "no cgroup")}`,
    cpuCores: group("cpu", "nothing"),
    memoryMiB: group(
      "memory",
      `watched: looked at every 250 ms, ended beyond it (${memoryNote(groups)})`,
    ),
    diskMiB: home,
    files: home,
    ...Object.fromEntries(rlimits.map((n) => [n, "prlimit, per process"])),
    ...{ tmpMiB: "tmpfs", shmMiB: "tmpfs", runMiB: "tmpfs" },
  };
}
