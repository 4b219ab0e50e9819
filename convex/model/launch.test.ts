import { describe, expect, test } from "bun:test";
import { failure } from "./errors";
import { advanceSteps, isFresh, judge, pathOf, type Situation } from "./launch";
import { AUTO_STOP, INSTANT_MARGIN } from "./timing";

const NOW = 10_000_000;
const ready: Situation = {
  slot: { status: "running", since: 0 },
  config: { status: "clean" },
  installed: true,
  confirmedAt: NOW - 1_000,
};

describe("judging a launch", () => {
  test("everything in place: ready, without a call", () => {
    expect(judge(ready, NOW)).toEqual({ state: "ready" });
    expect(pathOf(ready, NOW)).toBe("instant");
  });

  test("config and skill are waited for together", () => {
    const config = { status: "writing" as const };
    const fresh = { ...ready, config, installed: false };
    expect(judge(fresh, NOW)).toEqual({ state: "installing", install: true });
    expect(judge({ ...ready, config }, NOW)).toEqual({
      state: "installing",
      install: false,
    });
  });

  test("a sandbox that may have been stopped meanwhile is looked at first", () => {
    const silent = {
      ...ready,
      confirmedAt: NOW - AUTO_STOP + INSTANT_MARGIN,
    };
    expect(judge(silent, NOW)).toEqual({ state: "starting", need: "probe" });
    expect(isFresh(NOW - AUTO_STOP + INSTANT_MARGIN + 1, NOW)).toBe(true);
    expect(isFresh(null, NOW)).toBe(false);
  });

  test("nothing is created behind a stop or a delete under way", () => {
    for (const slot of [
      { status: "stopping", since: 0, step: "stop" },
      { status: "deleting", since: 0, step: "delete" },
    ] as const) {
      expect(judge({ ...ready, slot }, NOW)).toEqual({ state: "queued" });
    }
  });

  test("wake and cold say what they need", () => {
    const stopped = {
      ...ready,
      slot: { status: "stopped", since: 0, by: "provider" },
    } as const;
    expect(judge(stopped, NOW)).toEqual({ state: "queued", need: "want" });
    expect(pathOf(stopped, NOW)).toBe("wake");
    const empty = { ...ready, slot: { status: "empty" } } as const;
    expect(judge(empty, NOW)).toEqual({ state: "queued", need: "want" });
    expect(pathOf(empty, NOW)).toBe("cold");
    const error = failure("sandbox_broken", "It broke.");
    const broken = { status: "failed", since: 0, error } as const;
    const lost = { ...ready, slot: broken };
    expect(pathOf(lost, NOW)).toBe("cold");
    const kept = { ...ready, slot: { ...broken, disk: "kept" } } as const;
    expect(pathOf(kept, NOW)).toBe("wake");
  });
});

describe("steps", () => {
  test("one open phase at a time, closed by the next", () => {
    const queued = advanceSteps([], "queued", 1);
    const creating = advanceSteps(queued, "creating", 5);
    expect(creating).toEqual([
      { name: "queue", startedAt: 1, endedAt: 5, outcome: "done" },
      { name: "create", startedAt: 5 },
    ]);
    expect(advanceSteps(creating, "failed", 9).at(-1)).toEqual({
      name: "create",
      startedAt: 5,
      endedAt: 9,
      outcome: "failed",
    });
  });

  test("a phase entered again is the same row, last, from its first start", () => {
    let steps = advanceSteps([], "installing", 1);
    steps = advanceSteps(steps, "starting", 2);
    steps = advanceSteps(steps, "installing", 3);
    expect(steps).toEqual([
      { name: "start", startedAt: 2, endedAt: 3, outcome: "done" },
      { name: "install", startedAt: 1 },
    ]);
  });
});
