import { readFile } from "node:fs/promises";

/** Clock ticks of /proc/PID/stat a second: a constant of Linux's interface (USER_HZ). */
const TICKS = 100;

/**
 * When this sandbox was started, in ms since the epoch: the age of its first
 * process. The daemon itself is no measure, for files can arrive before it runs.
 */
export async function bootTime(): Promise<number> {
  const [stat, uptime] = await Promise.all([
    readFile("/proc/1/stat", "utf8"),
    readFile("/proc/uptime", "utf8"),
  ]);
  // The process name, in parentheses, may hold spaces; field 22 follows it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startedAfter = Number(fields[19]) / TICKS;
  const upFor = Number(uptime.split(" ")[0]);
  const time = Date.now() - (upFor - startedAfter) * 1_000;
  if (!Number.isFinite(time)) {
    throw new Error("/proc does not tell when this sandbox was started.");
  }
  return time;
}
