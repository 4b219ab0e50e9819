import { expect, test } from "bun:test";
import type { LaunchView } from "../data/types";
import { barsOf } from "./waterfall";

const launch = (fields: Partial<LaunchView>) =>
  ({ createdAt: 1_000, endedAt: null, steps: [], ...fields }) as LaunchView;

test("bars of an ended launch fill its time, each by its share", () => {
  const bars = barsOf(
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
  const [, open] = barsOf(
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
  expect(barsOf(launch({}))).toEqual([]);
  const odd = barsOf(
    launch({ steps: [{ name: "queue", startedAt: 900, endedAt: 950 }] }),
  );
  expect(odd).toHaveLength(1);
  expect(odd.every((bar) => bar.width >= 0 && bar.left >= 0)).toBe(true);
});
