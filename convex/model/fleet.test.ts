import { describe, expect, test } from "bun:test";
import { failure } from "./errors";
import {
  advanceItem,
  isLeftRunning,
  isRestorable,
  unstoppable,
  type Item,
} from "./fleet";
import type { SlotState } from "./slot";

const running: SlotState = { status: "running", since: 0 };
const stopping: SlotState = { status: "stopping", since: 0, step: "stop" };
const stopped = { status: "stopped", since: 0, by: "user" } as const;
const queued: SlotState = {
  status: "queued",
  since: 0,
  from: stopped,
  for: "owner",
};
const starting: SlotState = { status: "starting", since: 0, step: "start" };
const empty: SlotState = { status: "empty" };

describe("stop all", () => {
  const item = { state: "stopping" } as const;

  test("reports a stop when it is confirmed", () => {
    expect(advanceItem(item, running, stopping, undefined)).toEqual(item);
    expect(advanceItem(item, stopping, stopped, undefined)).toEqual({
      state: "stopped",
    });
  });

  test("never reports one that nobody confirmed", () => {
    expect(advanceItem(item, stopping, running, undefined)).toMatchObject({
      state: "failed",
      error: { next: "Stop it again." },
    });
  });

  test("can be asked again of what failed to stop and still runs", () => {
    expect(isLeftRunning({ state: "failed" }, running)).toBe(true);
    expect(isLeftRunning({ state: "failed" }, starting)).toBe(true);
    expect(isLeftRunning({ state: "failed" }, stopped)).toBe(false);
    expect(isLeftRunning({ state: "stopping" }, running)).toBe(false);
  });

  test("says of one that is being replaced that it was not stopped", () => {
    const told: Item = { state: "failed", error: unstoppable() };
    const replacing: SlotState = {
      ...{ status: "replacing", since: 0, stage: "create", stageSince: 0 },
      step: "create",
    };
    expect(advanceItem(told, replacing, replacing, undefined)).toEqual(told);
    expect(advanceItem(told, replacing, running, undefined)).toBeNull();
  });

  test("forgets what is gone, and what somebody brought back meanwhile", () => {
    expect(advanceItem(item, stopping, empty, undefined)).toBeNull();
  });

  test("but not what merely stands in line, and may come to nothing", () => {
    const off = { state: "stopped" } as const;
    expect(advanceItem(off, stopped, queued, undefined)).toEqual(off);
    expect(advanceItem(off, queued, stopped, undefined)).toEqual(off);
    expect(advanceItem(off, starting, running, undefined)).toBeNull();
    // What could not be restored, and is started by who writes, is wanted on.
    const failed = { state: "failed" } as const;
    expect(advanceItem(failed, stopped, queued, undefined)).toEqual(off);
  });
});

describe("restore", () => {
  const item = { state: "restoring" } as const;

  test("is over for what runs", () => {
    expect(advanceItem(item, stopped, queued, undefined)).toEqual(item);
    expect(advanceItem(item, queued, starting, undefined)).toEqual(item);
    expect(advanceItem(item, starting, running, undefined)).toBeNull();
  });

  test("keeps what failed, with the reason, and can be asked again", () => {
    const error = failure("provider_refused", "quota");
    const failed = advanceItem(item, starting, stopped, error);
    expect(failed).toEqual({ state: "failed", error });
    const ending = advanceItem(item, starting, stopping, error);
    expect(ending && advanceItem(ending, stopping, stopped, undefined)).toEqual(
      { state: "failed", error },
    );
    expect(isRestorable({ state: "failed" }, stopped)).toBe(true);
    expect(isRestorable(item, stopped)).toBe(false);
    expect(isRestorable({ state: "failed" }, running)).toBe(false);
    const broken = { status: "failed", since: 0, error } as const;
    expect(isRestorable({ state: "failed" }, broken)).toBe(false);
    const kept = { ...broken, disk: "kept" } as const;
    expect(isRestorable({ state: "failed" }, kept)).toBe(true);
  });
});
