import { failure, type Failure } from "./errors";
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
  | { status: "starting"; since: number; step: "look" | "start" | "claim" }
  | { status: "running"; since: number }
  | { status: "stopping"; since: number; step: "stop" | "look" }
  | { status: "stopped"; since: number; by: "user" | "provider" }
  | { status: "deleting"; since: number; step: "delete" | "look" }
  | { status: "failed"; since: number; error: Failure };

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
  | { kind: "refused"; error: Failure };

/** What a look at a running sandbox found; `daemon` is sandboxd's answer to our key. */
export type Probe =
  | { kind: "present"; provider: ProviderState; daemon: Daemon }
  | { kind: "gone" }
  | { kind: "unknown" };
export type Daemon = "ok" | "unclaimed" | "unreachable";

export type SlotEvent =
  | { type: "want" } // a launch or a turn wants it running
  | { type: "stop" }
  | { type: "remove" }
  | { type: "abandon" } // nobody wants the create under way
  | { type: "insecure" } // it answered without a key
  | { type: "outcome"; outcome: Outcome }
  | { type: "expired" } // the step's deadline passed
  | { type: "probe"; probe: Probe };

/** What becomes of the row of the current generation's remote. */
export type RemoteChange =
  | { state: "submitted" } // of a new generation
  | { state: "present"; remoteId: string }
  | { state: "abandoned" } // deleted if it exists, awaited if it may
  | { state: "unanswered" } // the create may have happened
  | { state: "never" } // the create was refused: nothing was made by this call
  | { state: "gone" };

export type Decision = {
  state: SlotState;
  generation: number;
  /** `now`: go on at once; `retry`: after the backoff; `none`: nothing to do. */
  next: "now" | "retry" | "none";
  remote?: RemoteChange;
  /** Launches that waited for this fail with it: the oldest if retryable, else all. */
  failed?: Failure;
};

type Slot = { generation: number; state: SlotState };

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
        ? to(slot, { status: "stopping", since: now, step: "stop" }, "now")
        : stay(slot);
    case "remove":
      return remove(slot, now);
    case "abandon":
      return slot.state.status === "creating"
        ? to(slot, { status: "empty" }, "none", { state: "abandoned" })
        : stay(slot);
    case "insecure":
      return fail(
        slot,
        now,
        failure(
          "sandbox_insecure",
          "The sandbox answered a request that carried no key, so it is not used.",
        ),
        { state: "abandoned" },
      );
    case "outcome":
      return onOutcome(slot, event.outcome, now);
    case "expired":
      return onExpired(slot, now);
    case "probe":
      return onProbe(slot, event.probe, now);
  }
}

function want(slot: Slot, now: number): Decision {
  switch (slot.state.status) {
    case "empty":
    case "failed": // its remote was given up when it failed
      return {
        state: { status: "creating", since: now, step: "create" },
        generation: slot.generation + 1,
        next: "now",
        remote: { state: "submitted" },
      };
    case "stopped":
      return to(slot, { status: "starting", since: now, step: "start" }, "now");
    default:
      return stay(slot);
  }
}

function remove(slot: Slot, now: number): Decision {
  switch (slot.state.status) {
    case "empty":
    case "deleting":
      return stay(slot);
    case "creating":
      return to(slot, { status: "empty" }, "none", { state: "abandoned" });
    case "failed":
      return to(slot, { status: "empty" }, "none", { state: "abandoned" });
    default:
      return to(
        slot,
        { status: "deleting", since: now, step: "delete" },
        "now",
      );
  }
}

function onOutcome(slot: Slot, outcome: Outcome, now: number): Decision {
  switch (slot.state.status) {
    case "creating":
      return slot.state.step === "create"
        ? whileCreating(slot, slot.state, outcome, now)
        : whileClaiming(slot, slot.state, outcome, now);
    case "starting":
      return slot.state.step === "claim"
        ? whileClaiming(slot, slot.state, outcome, now)
        : whileStarting(slot, slot.state, outcome, now);
    case "stopping":
      return whileStopping(slot, slot.state, outcome, now);
    case "deleting":
      return whileDeleting(slot, slot.state, outcome);
    default:
      return stay(slot);
  }
}

type In<S extends SlotState["status"]> = Extract<SlotState, { status: S }>;

function whileCreating(
  slot: Slot,
  state: In<"creating">,
  outcome: Outcome,
  now: number,
): Decision {
  switch (outcome.kind) {
    case "present": {
      const remote = {
        state: "present",
        remoteId: outcome.remoteId,
      } as const;
      switch (outcome.provider) {
        case "started":
          return to(slot, { ...state, step: "claim" }, "now", remote);
        case "starting":
        case "stopping":
          return to(slot, state, "retry", remote);
        case "stopped":
          return to(
            slot,
            { status: "starting", since: now, step: "start" },
            "now",
            remote,
          );
        case "deleting":
        case "failed":
          // The row learns the id first, so that the sweeper can delete it.
          return fail(
            slot,
            now,
            failure(
              "sandbox_failed",
              "The provider could not make the sandbox.",
            ),
            { state: "abandoned" },
          );
      }
      break;
    }
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "refused":
      return fail(slot, now, outcome.error, { state: "never" });
    case "unknown":
      return to(slot, state, "retry", { state: "unanswered" });
    case "conflict":
    case "claimed":
      return to(slot, state, "retry");
  }
  return stay(slot);
}

function whileClaiming(
  slot: Slot,
  state: In<"creating"> | In<"starting">,
  outcome: Outcome,
  now: number,
): Decision {
  switch (outcome.kind) {
    case "claimed":
      return to(slot, { status: "running", since: now }, "none");
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "present":
      switch (outcome.provider) {
        case "failed":
        case "deleting":
          return fail(slot, now, lost(), { state: "abandoned" });
        case "stopped":
          return to(
            slot,
            { status: "starting", since: now, step: "start" },
            "retry",
          );
        default:
          return to(slot, state, "retry");
      }
    case "refused":
      return fail(slot, now, outcome.error, { state: "abandoned" });
    case "unknown":
    case "conflict":
      return to(slot, state, "retry");
  }
}

function whileStarting(
  slot: Slot,
  state: In<"starting">,
  outcome: Outcome,
  now: number,
): Decision {
  switch (outcome.kind) {
    case "present":
      switch (outcome.provider) {
        case "started":
          return to(slot, { ...state, step: "claim" }, "now");
        case "stopped":
          return to(slot, { ...state, step: "start" }, "retry");
        case "starting":
        case "stopping":
          return to(slot, { ...state, step: "look" }, "retry");
        case "deleting":
        case "failed":
          return fail(slot, now, lost(), { state: "abandoned" });
      }
      break;
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "refused":
      // The disk is kept: a later launch tries again.
      return {
        ...to(slot, { status: "stopped", since: now, by: "provider" }, "none"),
        failed: { ...outcome.error, retryable: false },
      };
    case "unknown":
    case "conflict":
    case "claimed":
      // Without an answer: look before doing it again.
      return to(slot, { ...state, step: "look" }, "retry");
  }
  return stay(slot);
}

function whileStopping(
  slot: Slot,
  state: In<"stopping">,
  outcome: Outcome,
  now: number,
): Decision {
  switch (outcome.kind) {
    case "gone":
      return to(slot, { status: "empty" }, "none", { state: "gone" });
    case "present":
      switch (outcome.provider) {
        case "stopped":
          return to(
            slot,
            { status: "stopped", since: now, by: "user" },
            "none",
          );
        case "started":
          return to(slot, { ...state, step: "stop" }, "retry");
        case "failed":
          return fail(slot, now, lost(), { state: "abandoned" });
        default:
          return to(slot, { ...state, step: "look" }, "retry");
      }
    default:
      return to(slot, { ...state, step: "look" }, "retry");
  }
}

function whileDeleting(
  slot: Slot,
  state: In<"deleting">,
  outcome: Outcome,
): Decision {
  switch (outcome.kind) {
    case "gone":
      return to(slot, { status: "empty" }, "none", { state: "gone" });
    case "present":
      return to(
        slot,
        { ...state, step: outcome.provider === "deleting" ? "look" : "delete" },
        "retry",
      );
    default:
      return to(slot, { ...state, step: "look" }, "retry");
  }
}

function onExpired(slot: Slot, now: number): Decision {
  const slow = (what: string) =>
    failure("launch_timed_out", `The provider took too long to ${what}.`);
  switch (slot.state.status) {
    case "creating":
      return fail(slot, now, slow("make the sandbox"), { state: "abandoned" });
    case "starting":
      return {
        ...to(slot, { status: "stopped", since: now, by: "provider" }, "none"),
        failed: { ...slow("start the sandbox"), retryable: false },
      };
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
          return probe.daemon === "unclaimed"
            ? to(slot, { status: "starting", since: now, step: "claim" }, "now")
            : stay(slot);
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
        case "failed":
          return fail(slot, now, lost(), { state: "abandoned" });
      }
  }
}

function lost(): Failure {
  return failure("sandbox_lost", "The sandbox is gone at the provider.");
}

function stay(slot: Slot): Decision {
  return { state: slot.state, generation: slot.generation, next: "none" };
}

function to(
  slot: Slot,
  state: SlotState,
  next: Decision["next"],
  remote?: RemoteChange,
): Decision {
  return {
    state,
    generation: slot.generation,
    next,
    ...(remote && { remote }),
  };
}

function fail(
  slot: Slot,
  now: number,
  error: Failure,
  remote: RemoteChange,
): Decision {
  return {
    ...to(slot, { status: "failed", since: now, error }, "none", remote),
    failed: error,
  };
}
