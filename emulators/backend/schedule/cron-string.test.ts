import { expect, test } from "bun:test";
import { nextTime } from "./cron-schedule";
import { nextCronTime, parseCron } from "./cron-string";

const next = (cron: string, after: string) =>
  new Date(nextCronTime(parseCron(cron), Date.parse(after))).toISOString();

test.each([
  ["* * * * *", "2025-01-01T00:00:00Z", "2025-01-01T00:01:00.000Z"],
  ["*/15 * * * *", "2025-01-01T00:16:30Z", "2025-01-01T00:30:00.000Z"],
  ["15 7 * * *", "2025-01-01T07:15:00Z", "2025-01-02T07:15:00.000Z"],
  ["0 0 29 2 *", "2025-01-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
  ["0 12 * * mon-fri", "2025-01-03T13:00:00Z", "2025-01-06T12:00:00.000Z"],
  ["0 0 * * 7", "2025-01-01T00:00:00Z", "2025-01-05T00:00:00.000Z"],
  ["0 0 13 * 5", "2025-01-01T00:00:00Z", "2025-01-03T00:00:00.000Z"],
  [
    "30 22-23,1 1 jan,jul *",
    "2025-01-01T23:30:00Z",
    "2025-07-01T01:30:00.000Z",
  ],
])("%s after %s", (cron, after, expected) => {
  expect(next(cron, after)).toBe(expected);
});

test.each([
  "",
  "* * * *",
  "60 * * * *",
  "* 24 * * *",
  "a * * * *",
  "*/0 * * * *",
  "5-1 * * * *",
])("%p is refused", (cron) => {
  expect(() => parseCron(cron)).toThrow("is not a cron string");
});

test("an interval that was missed comes once, on its own beat", () => {
  const every = { type: "interval", seconds: 10 } as const;
  expect(nextTime("x", every, 0, 1)).toBe(10_000);
  expect(nextTime("x", every, 0, 35_000)).toBe(40_000);
});
