import { failure, type Failure } from "./errors";
import type { Decision, RemoteChange, Slot, SlotState } from "./slot";

/** The ways a slot moves that several events share. */

/** Boots or creates in a row that did not hold, before it is given up. */
export const MAX_STRIKES = 5;

/** A new generation; soon if all is well, later after creates that came to nothing. */
export function create(slot: Slot, now: number): Decision {
  return {
    state: { status: "creating", since: now, step: "create" },
    generation: slot.generation + 1,
    next: slot.strikes > 0 ? "retry" : "now",
    strikes: slot.strikes,
    remote: { state: "submitted" },
  };
}

/** The provider calls it failed, and can often bring it back with its disk. */
export function recover(slot: Slot, now: number): Decision {
  return to(slot, { status: "starting", since: now, step: "recover" }, "retry");
}

/** It could not be brought back; what becomes of its disk is its owner's to say. */
export function broken(slot: Slot, now: number): Decision {
  const error = failure(
    "sandbox_broken",
    "The provider cannot bring the sandbox back.",
  );
  return {
    ...to(slot, { status: "failed", since: now, error, disk: "kept" }, "none"),
    failed: error,
  };
}

/** A start that was refused: the disk is kept, and a later launch tries again. */
export function unstarted(slot: Slot, now: number, error: Failure): Decision {
  const stopped = { status: "stopped", since: now, by: "provider" } as const;
  return {
    ...to(slot, { ...stopped, error }, "none"),
    ...{ failed: error, failsAll: true },
  };
}

/** Stops it for its owner, or for the reason given; the disk stays. */
export function halt(slot: Slot, now: number, error?: Failure): Decision {
  const stopping = { status: "stopping", since: now, step: "stop" } as const;
  return to(slot, { ...stopping, ...(error && { error }) }, "now");
}

/** Nobody confirmed its stop, so none is reported; the next look tells. */
export function unstopped(slot: Slot, now: number): Decision {
  const error = failure(
    "stop_timed_out",
    "The provider did not stop the sandbox in time.",
  );
  return to(slot, { status: "running", since: now, error }, "none");
}

/** Stops what cannot be used, and says so to everyone who waits. The disk stays. */
export function giveUp(slot: Slot, now: number, error: Failure): Decision {
  if (slot.state.status !== "running" && slot.state.status !== "starting") {
    return stay(slot);
  }
  return {
    ...halt({ ...slot, strikes: 0 }, now, error),
    ...{ failed: error, failsAll: true },
  };
}

export function unmade(): Failure {
  return failure("sandbox_failed", "The provider could not make the sandbox.");
}

export function unreachable(): Failure {
  return failure(
    "sandbox_unreachable",
    "What runs in the sandbox did not answer, so it was stopped.",
  );
}

export function insecure(): Failure {
  return failure(
    "sandbox_insecure",
    "The sandbox answered a request that carried no key, so it was stopped.",
  );
}

export function lost(): Failure {
  return failure("sandbox_lost", "The sandbox is gone at the provider.");
}

export function stay(slot: Slot): Decision {
  const { state, generation, strikes } = slot;
  return { state, generation, strikes, next: "none" };
}

export function to(
  slot: Slot,
  state: SlotState,
  next: Decision["next"],
  remote?: RemoteChange,
): Decision {
  return {
    state,
    generation: slot.generation,
    next,
    strikes: slot.strikes,
    ...(remote && { remote }),
  };
}

export function fail(
  slot: Slot,
  now: number,
  error: Failure,
  remote: RemoteChange,
): Decision {
  return {
    ...to(slot, { status: "failed", since: now, error }, "none", remote),
    strikes: slot.strikes + 1,
    failed: error,
  };
}
