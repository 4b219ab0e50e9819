import { failure, type Failure } from "./errors";
import {
  fail,
  lost,
  recover,
  stay,
  to,
  unreachable,
  unstarted,
} from "./slotMoves";
import { onOutcome } from "./slotSteps";
import {
  CREATE_DEADLINE,
  DELETE_DEADLINE,
  START_DEADLINE,
  STOP_DEADLINE,
} from "./timing";

/** The place of one user's sandbox, as a state machine: `decide` is its only transition. */
export type SlotState =
  | { status: "empty" }
  | { status: "creating"; since: number; step: "create" | "claim" }
  | {
      status: "starting";
      since: number;
      step: "look" | "start" | "recover" | "claim";
    }
  | { status: "running"; since: number }
  | { status: "stopping"; since: number; step: "stop" | "look" }
  | { status: "stopped"; since: number; by: "user" | "provider" }
  | { status: "deleting"; since: number; step: "delete" | "look" }
  | {
      status: "failed";
      since: number;
      error: Failure;
      /** The provider still has it, and the disk in it, until its owner deletes it. */
      disk?: "kept";
    };

/** What the provider says of a remote, in our words. */
export type ProviderState =
  "started" | "starting" | "stopped" | "stopping" | "deleting" | "failed";

/** What one step found. `missing` is a 404 by name, which proves nothing; `gone` is proof. */
export type Outcome =
  | { kind: "present"; remoteId: string; provider: ProviderState }
  | { kind: "claimed" }
  | { kind: "gone" }
  | { kind: "conflict" }
  | { kind: "unknown"; error: Failure }
  /** Nothing was done by this call, unless `mayExist` says that a create may have been. */
  | { kind: "refused"; error: Failure; mayExist?: boolean };

/** What a look at a sandbox found; `daemon` is sandboxd's answer to our key, if it was asked. */
export type Probe =
  | { kind: "present"; provider: ProviderState; daemon: Daemon }
  | { kind: "gone" }
  | { kind: "unknown" };
export type Daemon = "ok" | "unclaimed" | "unreachable" | "unasked";

export type SlotEvent =
  | { type: "want" } // a launch or a turn wants it running
  | { type: "stop" }
  | { type: "remove" }
  | { type: "abandon" } // nobody wants the create under way
  | { type: "insecure" } // it answered without a key
  | { type: "unusable" } // it runs, but what runs in it does not answer as it must
  | { type: "settled" } // it is configured and has refused strangers
  | { type: "outcome"; outcome: Outcome }
  | { type: "expired" } // the step's deadline passed
  | { type: "probe"; probe: Probe };

/** What becomes of the row of the current generation's remote. */
export type RemoteChange =
  | { state: "submitted" } // of a new generation
  | { state: "present"; remoteId: string }
  | { state: "abandoned" } // deleted if it exists, awaited if it may
  | { state: "never" } // the create was refused: nothing was made by this call
  | { state: "gone" };

export type Decision = {
  state: SlotState;
  generation: number;
  /** `now`: go on at once; `retry`: after the backoff; `none`: nothing to do. */
  next: "now" | "retry" | "none";
  /** Boots and creates in a row that came to nothing; sets the backoff, and an end. */
  strikes: number;
  remote?: RemoteChange;
  /** Launches that waited for this fail with it: the oldest if retryable, else all. */
  failed?: Failure;
};

/** What a decision is made of. */
export type Slot = { generation: number; state: SlotState; strikes: number };

/** Boots in a row that never became usable, before the sandbox is stopped. */
const MAX_STRIKES = 5;

const DEADLINES = {
  creating: CREATE_DEADLINE,
  starting: START_DEADLINE,
  stopping: STOP_DEADLINE,
  deleting: DELETE_DEADLINE,
} as const;

/** When the current transition must have ended, or null where nothing is under way. */
export function deadlineOf(state: SlotState): number | null {
  return state.status in DEADLINES && "since" in state
    ? state.since + DEADLINES[state.status as keyof typeof DEADLINES]
    : null;
}

/** The next state of a slot and what to do about it; `now` in ms. Pure. */
export function decide(slot: Slot, event: SlotEvent, now: number): Decision {
  switch (event.type) {
    case "want":
      return want(slot, now);
    case "stop":
      return slot.state.status === "running" || slot.state.status === "starting"
        ? halt(slot, now)
        : stay(slot);
    case "remove":
      return remove(slot, now);
    case "abandon":
      return slot.state.status === "creating"
        ? to(slot, { status: "empty" }, "none", { state: "abandoned" })
        : stay(slot);
    case "insecure":
      return giveUp(
        slot,
        now,
        failure(
          "sandbox_insecure",
          "The sandbox answered a request that carried no key, so it was stopped.",
        ),
      );
    case "unusable":
      return giveUp(slot, now, unreachable());
    case "settled":
      return { ...stay(slot), strikes: 0 };
    case "outcome":
      return onOutcome(slot, event.outcome, now);
    case "expired":
      return onExpired(slot, now);
    case "probe":
      return onProbe(slot, event.probe, now);
  }
}

function want(slot: Slot, now: number): Decision {
  const { state } = slot;
  switch (state.status) {
    case "failed":
      // A disk is never traded for a new sandbox unasked.
      if (state.disk === "kept") {
        return to(
          slot,
          { status: "starting", since: now, step: "recover" },
          "retry",
        );
      }
      return create(slot, now);
    case "empty":
      return create(slot, now);
    case "stopped":
      return to(
        { ...slot, strikes: 0 },
        { status: "starting", since: now, step: "start" },
        "now",
      );
    default:
      return stay(slot);
  }
}

/** A new generation; soon if all is well, later after creates that came to nothing. */
function create(slot: Slot, now: number): Decision {
  return {
    state: { status: "creating", since: now, step: "create" },
    generation: slot.generation + 1,
    next: slot.strikes > 0 ? "retry" : "now",
    strikes: slot.strikes,
    remote: { state: "submitted" },
  };
}

function remove(slot: Slot, now: number): Decision {
  const { state } = slot;
  const kept = state.status === "failed" && state.disk === "kept";
  if (state.status === "creating" || (state.status === "failed" && !kept)) {
    return to(slot, { status: "empty" }, "none", { state: "abandoned" });
  }
  return state.status === "empty" || state.status === "deleting"
    ? stay(slot)
    : to(slot, { status: "deleting", since: now, step: "delete" }, "now");
}

/** Stops it for its owner; the disk stays. */
function halt(slot: Slot, now: number): Decision {
  return to(slot, { status: "stopping", since: now, step: "stop" }, "now");
}

/** Stops what cannot be used, and says so to everyone who waits. The disk stays. */
function giveUp(slot: Slot, now: number, error: Failure): Decision {
  if (slot.state.status !== "running" && slot.state.status !== "starting") {
    return stay(slot);
  }
  return {
    ...halt({ ...slot, strikes: 0 }, now),
    failed: { ...error, retryable: false },
  };
}

function onExpired(slot: Slot, now: number): Decision {
  const slow = (what: string) =>
    failure("launch_timed_out", `The provider took too long to ${what}.`);
  switch (slot.state.status) {
    case "creating":
      return fail(slot, now, slow("make the sandbox"), { state: "abandoned" });
    case "starting":
      return unstarted(slot, now, slow("start the sandbox"));
    case "stopping":
      // Nobody confirmed a stop, so none is reported; the next probe tells.
      return to(slot, { status: "running", since: now }, "none");
    case "deleting":
      return to(slot, { status: "empty" }, "none", { state: "abandoned" });
    default:
      return stay(slot);
  }
}

function onProbe(slot: Slot, probe: Probe, now: number): Decision {
  if (slot.state.status === "stopped") {
    // A start that was given up as unanswered has happened after all.
    return probe.kind === "present" && probe.provider === "started"
      ? to(slot, { status: "stopping", since: now, step: "stop" }, "now")
      : stay(slot);
  }
  if (slot.state.status !== "running") return stay(slot);
  switch (probe.kind) {
    case "gone":
      return to(slot, { status: "empty" }, "none", { state: "gone" });
    case "unknown":
      return stay(slot);
    case "present":
      switch (probe.provider) {
        case "started":
          if (probe.daemon !== "unclaimed") return stay(slot);
          return slot.strikes >= MAX_STRIKES
            ? giveUp(slot, now, unreachable())
            : to(
                slot,
                { status: "starting", since: now, step: "claim" },
                "retry",
              );
        case "stopped":
          return to(
            slot,
            { status: "stopped", since: now, by: "provider" },
            "none",
          );
        case "starting":
        case "stopping":
          return to(
            slot,
            { status: "starting", since: now, step: "look" },
            "now",
          );
        case "deleting":
          return fail(slot, now, lost(), { state: "abandoned" });
        case "failed":
          return recover(slot, now);
      }
  }
}
