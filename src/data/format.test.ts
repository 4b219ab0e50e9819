import { expect, test } from "bun:test";
import {
  formatAge,
  formatBytes,
  formatCountdown,
  formatDuration,
  formatSpan,
  plural,
} from "./format";

const MIN = 60_000;

test("durations are as exact as they are short, and never negative", () => {
  expect([-5, 4_230, 48_900, 185_000, 130 * MIN].map(formatDuration)).toEqual([
    "0.0 s",
    "4.2 s",
    "48 s",
    "3 min 05 s",
    "2 h 10 min",
  ]);
});

test("ages and spans", () => {
  const now = 1_800_000_000_000;
  expect(
    [-9_000, 44_000, 4 * MIN, 180 * MIN, 26 * 60 * MIN].map((ms) =>
      formatAge(now - ms, now),
    ),
  ).toEqual(["just now", "just now", "4 min ago", "3 h ago", "yesterday"]);
  expect(formatAge(now - 40 * 24 * 60 * MIN, now)).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect([20_000, 4 * MIN, 180 * MIN, 72 * 60 * MIN].map(formatSpan)).toEqual([
    "under a minute",
    "4 min",
    "3 h",
    "3 days",
  ]);
});

test("a countdown ends at zero", () => {
  expect([-1, 1, 65_000, 61 * MIN].map(formatCountdown)).toEqual([
    "0:00",
    "0:01",
    "1:05",
    "1 h 1 min",
  ]);
});

test("sizes and counts", () => {
  expect([999, 17_900, 2_500_000].map(formatBytes)).toEqual([
    "999 B",
    "17.9 kB",
    "2.5 MB",
  ]);
  expect([
    plural(1, "file"),
    plural(0, "file"),
    plural(2, "launch", "launches"),
  ]).toEqual(["1 file", "0 files", "2 launches"]);
});
