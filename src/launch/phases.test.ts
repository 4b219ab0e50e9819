import { expect, test } from "bun:test";
import type { LaunchView } from "../data/types";
import { phasesOf, recoveryOf } from "./phases";

const launch = (fields: Partial<LaunchView>) =>
  ({
    ...{ state: "creating", path: "cold", steps: [], position: null },
    ...fields,
  }) as LaunchView;

test("what is yet to come is shown, waiting, after what was recorded", () => {
  const rows = phasesOf(
    launch({
      steps: [
        { name: "queue", startedAt: 1, endedAt: 2, outcome: "done" },
        { name: "create", startedAt: 2 },
      ],
    }),
  );
  expect(rows.map((row) => [row.name, row.state])).toEqual([
    ["queue", "done"],
    ["create", "running"],
    ["install", "waiting"],
  ]);
});

test("who waits for a place is not told that it is accepted and no more", () => {
  const steps = [{ name: "queue", startedAt: 1 }];
  const [row] = phasesOf(launch({ state: "queued", position: 4, steps }));
  expect(row?.label).toBe("Waiting for a place");
});

test("a launch that ended shows what happened and nothing more", () => {
  const rows = phasesOf(
    launch({
      state: "failed",
      steps: [{ name: "create", startedAt: 1, endedAt: 9, outcome: "failed" }],
    }),
  );
  expect(rows.map((row) => row.state)).toEqual(["failed"]);
});

test("a phase this build does not know is shown by its own name", () => {
  const [row] = phasesOf(launch({ steps: [{ name: "warp", startedAt: 1 }] }));
  expect(row?.label).toBe("warp");
});

test("a launch that was made by itself says why; one that was asked for has nothing to say", () => {
  const detail = "The sandbox was gone at the provider. A new one is made.";
  const check = { name: "check", startedAt: 1, endedAt: 2, detail };
  const again = launch({ steps: [{ ...check, outcome: "failed" }] });
  expect(recoveryOf(again)).toBe(detail);
  expect(recoveryOf(launch({}))).toBeNull();
});
