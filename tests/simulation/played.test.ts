import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ELSEWHERE, sourcesOfRuns } from "./sources";
import { addPlayed, readPlayed, unplayed, writePlayed } from "./played";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "played-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const result = (from: number, runs: number) => ({
  ...{ from, runs },
  counts: { "call|a": 1, [`call|${from}`]: runs },
});

test("what was played is not played again, and counts once", () => {
  const played = readPlayed(null);
  for (const [from, runs] of [
    [40, 20],
    [1, 20],
    [21, 5],
  ] as const) {
    addPlayed(played, result(from, runs));
  }
  expect(played.ranges).toEqual([
    [1, 26],
    [40, 60],
  ]);
  expect(played.counts["call|a"]).toBe(3);
  expect([...unplayed(played, 1, 101, 20)]).toEqual([
    { from: 26, runs: 14 },
    { from: 60, runs: 20 },
    { from: 80, runs: 20 },
    { from: 100, runs: 1 },
  ]);
  expect([...unplayed(played, 5, 20, 20)]).toEqual([]);
  expect([...unplayed(played, 50, 62, 20)]).toEqual([{ from: 60, runs: 2 }]);
});

test("it outlives a stop, and a change of the code ends it", () => {
  const file = join(folder, "deep", "played.json");
  const played = readPlayed(file);
  addPlayed(played, result(1, 20));
  writePlayed(file, played);
  expect(readPlayed(file)).toEqual(played);
  writeFileSync(file, JSON.stringify({ ...played, code: "another" }));
  expect(readPlayed(file)).toEqual({ ...played, ranges: [], counts: {} });
});

test("a run is made of what its functions import, and of nothing that looks at it", () => {
  const files = sourcesOfRuns();
  for (const part of [
    "convex/lifecycle/slots.ts",
    "convex/model/slot.ts", // imported, no module of functions
    "convex/node/driver.ts",
    "emulators/backend/index.ts",
    "tests/conformance/convex-modules.ts",
    "tests/simulation/world.ts",
  ]) {
    expect(files).toContain(part);
  }
  const no = files.filter((file) => /scenes\/|\.test\.ts$|guards/.test(file));
  expect(no).toEqual([]);
  // What is left out is imported by nothing that is played.
  const without = (file: string) =>
    !file.startsWith("convex/model/") && ELSEWHERE.test(file.slice(7));
  expect(files.filter(without)).toEqual([]);
});
