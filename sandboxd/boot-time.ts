import { readFileSync } from "node:fs";

/** Clock ticks of /proc/PID/stat a second: a constant of Linux's interface (USER_HZ). */
const TICKS = 100;

/**
 * When this sandbox was started, in ms since the epoch: the age of its first
 * process. The daemon itself is no measure, for files can arrive before it runs.
 */
export function bootTime(): number {
  const stat = readFileSync("/proc/1/stat", "utf8");
  // Both clocks in one breath, ours first: while this daemon waits for a
  // processor the answer may only get too early. Too late, and a key that came
  // in between would be taken for one of an earlier boot.
  const now = Date.now();
  const uptime = readFileSync("/proc/uptime", "utf8");
  // The process name, in parentheses, may hold spaces; field 22 follows it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startedAfter = Number(fields[19]) / TICKS;
  const upFor = Number(uptime.split(" ")[0]);
  const time = now - (upFor - startedAfter) * 1_000;
  if (!Number.isFinite(time)) {
    throw new Error("/proc does not tell when this sandbox was started.");
  }
  return time;
}
