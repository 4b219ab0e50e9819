import { expect, test } from "bun:test";
import { installWorld } from "./stand-ins";

installWorld();
const { simulate } = await import("./run");

test("a seed fixes everything", async () => {
  const first = await simulate(7);
  const again = await simulate(7);
  expect(again.lines).toEqual(first.lines);
  expect(again.faults).toEqual(first.faults);
  expect(Object.fromEntries(again.counts)).toEqual(
    Object.fromEntries(first.counts),
  );
}, 60_000);

/** A slice; `bun run simulate` does more. */
const RUNS = 20;

test(
  `${RUNS} seeded runs keep every invariant`,
  async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const { violation } = await simulate(seed);
      expect(violation === null ? "" : `${seed}: ${violation.message}`).toBe(
        "",
      );
    }
  },
  RUNS * 20_000,
);
