import { describe, expect, test } from "bun:test";
import { outOfTime, overdue, progressed } from "./deadline";
import { NO_PROGRESS, QUIET, STOP_GRACE, TURN_LIMIT } from "./limits";

const MINUTE = 60_000;
const turn = (more: object = {}) => ({
  startedAt: 0,
  stopRequested: false,
  deadlineAt: NO_PROGRESS,
  ...more,
});

describe("a turn whose events keep coming", () => {
  test("has ever more time, up to its limit", () => {
    expect(progressed(turn(), MINUTE)).toEqual({
      lastEventAt: MINUTE,
      checkAt: MINUTE + QUIET,
      deadlineAt: MINUTE + NO_PROGRESS,
    });
    const late = progressed(turn(), TURN_LIMIT - 1);
    expect(late.deadlineAt).toBe(TURN_LIMIT);
    expect(late.checkAt).toBe(TURN_LIMIT);
  });

  test("is looked at by its limit however often it speaks", () => {
    let row = turn();
    for (let now = 0; now < TURN_LIMIT; now += 200) {
      expect(outOfTime(row, now)).toBeNull();
      row = { ...row, ...progressed(row, now) };
    }
    expect(outOfTime(row, TURN_LIMIT)).toMatchObject({
      state: "failed",
      error: { code: "turn_too_long" },
    });
    expect(overdue(row, TURN_LIMIT)).toEqual(outOfTime(row, TURN_LIMIT));
  });

  test("wins no time once it was told to stop", () => {
    const told = turn({ stopRequested: true, deadlineAt: STOP_GRACE });
    const after = progressed(told, STOP_GRACE - 1);
    expect(after.deadlineAt).toBe(STOP_GRACE);
    expect(after.checkAt).toBe(STOP_GRACE);
    expect(outOfTime(told, STOP_GRACE)).toEqual({ state: "stopped" });
  });
});

test("silence is a failure, but a word that comes late is progress", () => {
  const silent = turn();
  expect(overdue(silent, NO_PROGRESS - 1)).toBeNull();
  expect(overdue(silent, NO_PROGRESS)).toMatchObject({
    error: { code: "agent_lost" },
  });
  expect(outOfTime(silent, NO_PROGRESS)).toBeNull();
});
