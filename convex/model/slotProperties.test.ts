import { describe, expect, test } from "bun:test";
import {
  deadlineOf,
  hasStep,
  isOff,
  type SlotEvent,
  type SlotState,
} from "./slot";
import { after, all, events } from "./slotFixtures";

describe("whatever happens", () => {
  test("every change to a step has one scheduled, and every wait a deadline", () => {
    for (const state of all) {
      for (const event of events) {
        const decision = after(state, event);
        const moves = hasStep(decision.state);
        if (decision.state !== state && moves) {
          expect(decision.next).not.toBe("none");
        }
        if (!moves) expect(decision.next).toBe("none");
        if (moves) expect(deadlineOf(decision.state)).not.toBeNull();
      }
    }
  });

  test("every wait ends by itself", () => {
    for (const state of all) {
      if (deadlineOf(state) === null) continue;
      expect(after(state, { type: "expired" }).state).not.toEqual(state);
    }
  });

  test("nothing takes a place but by admission, or has one already", () => {
    const holds = (state: SlotState) =>
      !isOff(state) &&
      !["empty", "failed", "queued"].includes(state.status) &&
      !(state.status === "replacing" && state.stage === "place");
    for (const state of all) {
      for (const event of events) {
        if (event.type === "admit" || holds(state)) continue;
        expect(holds(after(state, event).state)).toBe(
          // Its deletion counts until it is confirmed; what runs though it was
          // given up counts from when it is found.
          (event.type === "remove" && isOff(state)) ||
            (state.status === "stopped" && isFoundRunning(event)),
        );
      }
    }
  });

  test("the generation grows only together with a new remote", () => {
    for (const state of all) {
      for (const event of events) {
        const decision = after(state, event);
        const grew = decision.generation > 3;
        expect(grew).toBe(decision.remote?.state === "submitted");
        expect(decision.generation).toBeGreaterThanOrEqual(3);
      }
    }
  });

  test("a slot fails with its remote given up, or kept for its owner", () => {
    for (const state of all) {
      if (state.status === "failed") continue;
      for (const event of events) {
        const decision = after(state, event);
        if (decision.state.status !== "failed") continue;
        const kept = decision.state.disk === "kept";
        expect(decision.remote === undefined).toBe(kept);
      }
    }
  });
});

function isFoundRunning(event: SlotEvent): boolean {
  return (
    event.type === "probe" &&
    event.probe.kind === "present" &&
    event.probe.provider === "started"
  );
}
