import { expect, test } from "bun:test";
import type { LaunchView } from "../data/types";
import { barsOf, spanOf } from "./waterfall";

/** On a scale of its own. */
const ownBars = (one: LaunchView) => barsOf(one, spanOf(one));

const launch = (fields: Partial<LaunchView>) =>
  ({ createdAt: 1_000, endedAt: null, steps: [], ...fields }) as LaunchView;

test("bars of an ended launch fill its time, each by its share", () => {
  const bars = ownBars(
    launch({
      endedAt: 2_000,
      steps: [
        { name: "queue", startedAt: 1_000, endedAt: 1_250, outcome: "done" },
        { name: "create", startedAt: 1_250, endedAt: 2_000, outcome: "failed" },
      ],
    }),
  );
  expect(bars).toEqual([
    { name: "queue", left: 0, width: 0.25, open: false, failed: false },
    { name: "create", left: 0.25, width: 0.75, open: false, failed: true },
  ]);
});

test("the open phase of a launch under way reaches the end", () => {
  const [, open] = ownBars(
    launch({
      steps: [
        { name: "queue", startedAt: 1_000, endedAt: 1_100 },
        { name: "create", startedAt: 1_100 },
      ],
    }),
  );
  expect(open?.open).toBe(true);
  expect((open?.left ?? 0) + (open?.width ?? 0)).toBeCloseTo(1);
});

test("nothing recorded draws nothing, and no width is ever negative", () => {
  expect(ownBars(launch({}))).toEqual([]);
  const odd = ownBars(
    launch({ steps: [{ name: "queue", startedAt: 900, endedAt: 950 }] }),
  );
  expect(odd).toHaveLength(1);
  expect(odd.every((bar) => bar.width >= 0 && bar.left >= 0)).toBe(true);
});

test("on a scale they have in common, what took as long is as wide", () => {
  const install = (ms: number) =>
    launch({
      endedAt: 1_000 + ms,
      steps: [
        {
          ...{ name: "install", startedAt: 1_000 },
          ...{ endedAt: 1_100, outcome: "done" },
        },
      ],
    });
  const rows = [install(100), install(400)];
  const scale = Math.max(...rows.map(spanOf));
  expect(rows.map((row) => barsOf(row, scale)[0]?.width)).toEqual([0.25, 0.25]);
});

test("a short launch under way reaches to the end of its own time", () => {
  const steps = [{ name: "queue", startedAt: 1_000 }];
  const [open] = barsOf(launch({ steps }), 1_000);
  expect(open?.width).toBeLessThan(0.1);
});
