import { describe, expect, test } from "bun:test";
import { failure } from "./errors";
import type { Resting, SlotEvent, SlotState } from "./slot";
import {
  after,
  empty,
  events,
  failed,
  NOW,
  outcome,
  present,
  queued,
  refused,
  running,
  starting,
  stopped,
  stopping,
} from "./slotFixtures";

const reason = { ...stopped, error: refused } as typeof stopped;
const refusal = outcome({ kind: "refused", error: refused });

describe("what is stopped says why", () => {
  test("its start was refused, in the words of the failure", () => {
    expect(after(starting, refusal).state).toEqual({
      ...{ status: "stopped", since: NOW, by: "provider" },
      error: refused,
    });
  });

  test("it got no place: nobody was free in time, or a cap cannot be read", () => {
    const error = failure("caps_unreadable", "A cap cannot be read.");
    for (const by of ["launch", "owner", "replace"]) {
      const waits = queued(stopped, by);
      expect(after(waits, { type: "deny", error }).state).toEqual({
        ...stopped,
        error,
      } as Resting);
      expect(after(waits, { type: "expired" }).state).toMatchObject({
        ...stopped,
        error: { code: "queue_timed_out", retryable: true },
      });
    }
  });

  test("it was given up, from then until its stop is confirmed and after", () => {
    const given: [SlotEvent, typeof starting, string][] = [
      [{ type: "expired" }, starting, "launch_timed_out"],
      [refusal, { ...starting, step: "claim" } as never, refused.code],
      [{ type: "insecure" }, running, "sandbox_insecure"],
      [{ type: "unusable" }, running, "sandbox_unreachable"],
    ];
    for (const [event, from, code] of given) {
      const onItsWay = after(from, event).state;
      expect(onItsWay).toMatchObject({ status: "stopping", error: { code } });
      const looked = after(onItsWay, present("stopping")).state;
      expect(after(looked, present("stopped")).state).toMatchObject({
        status: "stopped",
        error: { code },
      });
    }
  });

  test("nor is a broken one, whose disk is kept, without the latest reason", () => {
    const kept = { ...failed, disk: "kept" } as const;
    const waits = queued(kept, "owner");
    expect(after(waits, { type: "expired" }).state).toMatchObject({
      ...{ status: "failed", disk: "kept" },
      error: { code: "queue_timed_out" },
    });
  });

  test("not where it was asked to stop, or stopped by itself", () => {
    expect(after(running, { type: "stop" }).state).not.toHaveProperty("error");
    expect(after(stopping, present("stopped")).state).not.toHaveProperty(
      "error",
    );
    const idle = { kind: "present", provider: "stopped" } as const;
    expect(
      after(running, { type: "probe", probe: { ...idle, daemon: "unasked" } })
        .state,
    ).not.toHaveProperty("error");
  });

  test("until anything else happens to it, and no longer", () => {
    for (const event of events) {
      const { state } = after(reason, event);
      if (state.status === "stopped") expect<SlotState>(state).toEqual(reason);
      else expect(JSON.stringify(state)).not.toContain(refused.code);
    }
    for (const type of ["want", "replace"] as const) {
      const waits = after(reason, { type }).state;
      expect(after(waits, { type: "stop" }).state).toEqual(stopped);
    }
  });

  test("what is not stopped keeps its own reason, or has none", () => {
    for (const from of [empty, failed]) {
      expect(after(queued(from), { type: "expired" }).state).toEqual(from);
    }
  });
});
