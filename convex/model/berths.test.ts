import { expect, test } from "bun:test";
import { behind, BERTHS } from "./berths";
import { STEP_TIMEOUT } from "./timing";

/** What the smallest class of a deployment runs at once, and how much of it may be long. */
const LONG = 5;

const INSTALLS = "installs";

test("long jobs leave three of eight, and no user has all of a kind", () => {
  const kinds = Object.values(BERTHS);
  const all = kinds.reduce((sum, { deployment }) => sum + deployment, 0);
  expect(all).toBeLessThanOrEqual(LONG);
  for (const { deployment, user } of kinds) {
    expect(user).toBeGreaterThan(0);
    expect(user).toBeLessThan(deployment);
  }
});

test("the first of a user stands where it came, each further one a job's time behind", () => {
  expect(behind(INSTALLS, undefined, 1_000)).toBe(1_000);
  expect(behind(INSTALLS, 1_000, 1_000)).toBe(1_000 + STEP_TIMEOUT);
  expect(behind(INSTALLS, behind(INSTALLS, 1_000, 1_000), 1_000)).toBe(
    1_000 + 2 * STEP_TIMEOUT,
  );
  // One that has waited longer than that stands in nobody's way.
  expect(behind(INSTALLS, 1_000, 100_000)).toBe(100_000);
});
