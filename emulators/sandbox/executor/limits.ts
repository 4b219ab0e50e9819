/** What one sandbox may use. Reported as is by /health. */
export interface Limits {
  /** Processes and threads, counted in its own user namespace. */
  processes: number;
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
