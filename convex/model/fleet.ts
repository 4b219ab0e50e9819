import { failure, type Failure } from "./errors";
import type { SlotState } from "./slot";

/**
 * What "Stop all" stopped and "Restore" brings back. An item is in the set from
 * before its stop until it runs again, or until its owner does something else
 * with that sandbox by hand.
 */
export type ItemState = "stopping" | "stopped" | "restoring" | "failed";
export type Item = { state: ItemState; error?: Failure };

/** What a change of its slot makes of an item; null: it leaves the set. */
export function advanceItem(
  item: Item,
  before: SlotState,
  after: SlotState,
  failed: Failure | undefined,
): Item | null {
  if (item.state === "restoring") return whileRestoring(item, after, failed);
  switch (after.status) {
    case "stopping":
      return { state: "stopping" };
    case "stopped":
      return { state: "stopped" };
    case "running":
      // Nobody confirmed the stop: it is not reported as one.
      if (before.status === "stopping") {
        return { state: "failed", error: failed ?? unconfirmed() };
      }
      // It did not stop, and was only found to be still there.
      return before.status === "starting" && item.state === "failed"
        ? item
        : null;
    case "failed":
      return after.disk === "kept"
        ? { state: "failed", error: after.error }
        : null;
    case "starting":
      // Found to be still running after all; the stop goes on or has failed.
      return item;
    case "queued":
      return { state: "stopped" }; // until it runs: it may leave the line for where it was
    case "replacing":
      return item; // said to be, when the stop was asked for
    default:
      // Gone, or somebody brought it back before the set was restored.
      return null;
  }
}

function whileRestoring(
  item: Item,
  after: SlotState,
  failed: Failure | undefined,
): Item | null {
  switch (after.status) {
    case "queued":
    case "starting":
      return item;
    case "stopping":
      return { ...item, error: failed ?? unstarted() };
    case "stopped":
      return { state: "failed", error: failed ?? item.error ?? unstarted() };
    case "failed":
      return { state: "failed", error: after.error };
    default:
      return null;
  }
}

/** Of a sandbox that "Stop all" finds between two lives. */
export function unstoppable(): Failure {
  return {
    ...failure("sandbox_busy", "The sandbox is being replaced."),
    next: "Stop it when that is done.",
  };
}

/** Whether "Restore" can bring it back now. */
export function isRestorable(item: Item, state: SlotState): boolean {
  const off =
    state.status === "stopped" ||
    (state.status === "failed" && state.disk === "kept");
  return item.state !== "restoring" && off;
}

/** Whether it can be told to stop. */
export function isUp({ status }: SlotState): boolean {
  return status === "running" || status === "starting";
}

/** Whether its stop failed, and can be asked for again. */
export function isLeftRunning(item: Item, state: SlotState): boolean {
  return item.state === "failed" && isUp(state);
}

function unconfirmed(): Failure {
  return {
    ...failure("launch_timed_out", "The provider did not confirm the stop."),
    next: "Stop it again.",
  };
}

function unstarted(): Failure {
  return {
    ...failure("launch_timed_out", "The provider did not start it."),
    next: "Restore it again.",
  };
}
