import { nextCronTime, parseCron, type CronFields } from "./cron-string";

/** A schedule as `crons.ts` exports it. */
export type CronSchedule =
  | { type: "interval"; seconds?: number; minutes?: number; hours?: number }
  | { type: "hourly"; minuteUTC?: number }
  | { type: "daily"; hourUTC: number; minuteUTC?: number }
  | { type: "weekly"; dayOfWeek: string; hourUTC: number; minuteUTC?: number }
  | { type: "monthly"; day: number; hourUTC: number; minuteUTC?: number }
  | { type: "cron"; cron: string };

/** When a cron runs for the first time. An interval begins at once. */
export function firstTime(
  name: string,
  schedule: CronSchedule,
  now: number,
): number {
  return schedule.type === "interval"
    ? now
    : nextCronTime(fieldsOf(name, schedule), now);
}

/** When it runs next, given when it last did. Times that have passed are skipped. */
export function nextTime(
  name: string,
  schedule: CronSchedule,
  previous: number,
  now: number,
): number {
  if (schedule.type !== "interval") {
    return nextCronTime(fieldsOf(name, schedule), Math.max(previous, now));
  }
  const { seconds = 0, minutes = 0, hours = 0 } = schedule;
  const every = (seconds + 60 * minutes + 3600 * hours) * 1000;
  const missed = Math.floor(Math.max(0, now - previous) / every);
  return previous + (missed + 1) * every;
}

function fieldsOf(
  name: string,
  schedule: Exclude<CronSchedule, { type: "interval" }>,
): CronFields {
  if (schedule.type === "cron") return parseCron(schedule.cron);
  const minute = schedule.minuteUTC ?? minuteFor(name);
  switch (schedule.type) {
    case "hourly":
      return parseCron(`${minute} * * * *`);
    case "daily":
      return parseCron(`${minute} ${schedule.hourUTC} * * *`);
    case "weekly":
      return parseCron(
        `${minute} ${schedule.hourUTC} * * ${schedule.dayOfWeek.slice(0, 3)}`,
      );
    case "monthly":
      return parseCron(`${minute} ${schedule.hourUTC} ${schedule.day} * *`);
  }
}

/** Spreads jobs that name no minute over the hour, the same way each time. */
function minuteFor(name: string): number {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 60;
  return hash;
}
