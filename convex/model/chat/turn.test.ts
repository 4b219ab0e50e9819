import { describe, expect, test } from "bun:test";
import { failure } from "../errors";
import { MAX_SENDS } from "./limits";
import { afterSend, prospect, type Place } from "./turn";

const place = (over: Partial<Place>): Place => ({
  slot: "running",
  since: 1_000,
  config: "clean",
  ...{ launching: false, halted: false, broken: false },
  ...over,
});

describe("handing a turn over", () => {
  test("accepted: it runs", () => {
    expect(afterSend(3, { kind: "accepted" }, false)).toEqual({ next: "run" });
  });

  test("unreachable: again with growing waits, and somebody looks", () => {
    const first = afterSend(0, { kind: "unreachable" }, false);
    const third = afterSend(2, { kind: "unreachable" }, false);
    expect(first).toMatchObject({ next: "retry", suspect: true });
    expect(third).toMatchObject({ next: "retry", suspect: true });
    const delay = (after: typeof first) => "delay" in after && after.delay;
    expect(delay(third)).toBeGreaterThan(Number(delay(first)));
  });

  test("unreachable for good: fails with a reason that may be retried", () => {
    const silent = { kind: "unreachable" } as const;
    expect(afterSend(MAX_SENDS - 1, silent, false)).toMatchObject({
      next: "fail",
      error: { code: "agent_lost", retryable: true },
    });
  });

  test("unreachable while the provider stops it: again, however often", () => {
    const silent = { kind: "unreachable" } as const;
    const after = afterSend(MAX_SENDS - 1, silent, true);
    expect(after).toMatchObject({ next: "retry", suspect: true });
    // And a sender may die meanwhile, which counts.
    const attempt = "attempt" in after ? after.attempt : NaN;
    expect(attempt + 1).toBeLessThan(MAX_SENDS);
    // Who answers is not leaving.
    const busy = { kind: "busy" } as const;
    expect(afterSend(MAX_SENDS - 1, busy, true).next).toBe("fail");
  });

  test("refused: fails at once with the sandbox's reason", () => {
    const error = failure("internal", "no");
    expect(afterSend(0, { kind: "refused", error }, false)).toEqual({
      next: "fail",
      error,
      suspect: false,
    });
  });

  test("the disk lacks the skill: it is installed again", () => {
    expect(afterSend(0, { kind: "not_installed" }, false)).toEqual({
      next: "reinstall",
    });
  });
});

describe("what a waiting turn can expect", () => {
  test("a running and configured sandbox takes it", () => {
    expect(prospect(place({}), 0)).toEqual({ kind: "go" });
    expect(prospect(place({ config: "pending" }), 0)).toEqual({ kind: "wait" });
    const replacing = place({ slot: "replacing" });
    expect(prospect(replacing, 0)).toEqual({ kind: "wait" });
    expect(prospect({ ...replacing, halted: true }, 0)).toMatchObject({
      kind: "never",
      error: { code: "replace_halted" },
    });
  });

  test("what is broken, and has its disk, is not called gone", () => {
    const broken = place({ slot: "failed", broken: true });
    expect(prospect(broken, 0)).toMatchObject({
      error: { code: "sandbox_broken" },
    });
    expect(prospect(place({ slot: "failed" }), 0)).toMatchObject({
      error: { code: "sandbox_lost" },
    });
  });

  test("a stopped sandbox is woken", () => {
    expect(prospect(place({ slot: "stopped" }), 0)).toEqual({ kind: "wake" });
  });

  test("a user's stop ends what waited before it, not what came after", () => {
    const stopping = place({ slot: "stopping", since: 1_000 });
    expect(prospect(stopping, 900)).toMatchObject({
      kind: "never",
      error: { code: "sandbox_not_running" },
    });
    expect(prospect(stopping, 1_100)).toEqual({ kind: "wait" });
  });

  test.each(["empty", "failed", "deleting"] as const)(
    "%s: gone, unless a launch brings it back",
    (slot) => {
      expect(prospect(place({ slot }), 2_000)).toMatchObject({
        kind: "never",
        error: { code: "sandbox_lost", next: expect.stringMatching(/launch/i) },
      });
      expect(prospect(place({ slot, launching: true }), 2_000)).toEqual({
        kind: "wait",
      });
    },
  );
});
