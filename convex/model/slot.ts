import { diskFull, failure, type Failure } from "./errors";
import {
  create,
  fail,
  giveUp,
  halt,
  insecure,
  recover,
  stay,
  to,
  unreachable,
  unstopped,
} from "./slotMoves";
import { onProbe } from "./slotProbes";
import {
  admitReplacing,
  cancelReplacing,
  deadlineOfReplacing,
  denyReplacing,
  onReplacing,
  overdueReplacing,
  removeReplacing,
  resumeReplacing,
  type Replacing,
} from "./replace";
import { asked, denied, type Resting } from "./resting";
import { onOutcome } from "./slotSteps";
import {
  CREATE_DEADLINE,
  DELETE_DEADLINE,
  QUEUE_DEADLINE,
  START_DEADLINE,
  STOP_DEADLINE,
} from "./timing";

export type { Resting } from "./resting";

/** The place of one user's sandbox, as a state machine: `decide` is its only transition. */
export type SlotState =
  | Resting
  | {
      /** Waits for a place under the caps of its user and of the deployment. */
      status: "queued";
      since: number;
      /** Where it returns to when it leaves the queue. */
      from: Resting;
      /** Who asked: a place that only launches wait for goes when they do. */
      for: "launch" | "owner" | "replace";
    }
  | { status: "creating"; since: number; step: "create" | "claim" }
  | {
      status: "starting";
      since: number;
      step: "look" | "start" | "recover" | "claim";
    }
  | {
      status: "running";
      since: number;
      /** Why it was not stopped; the next move drops it. */
      error?: Failure;
    }
  | {
      status: "stopping";
      since: number;
      step: "stop" | "look";
      /** Why it was given up, where nobody asked for the stop. */
      error?: Failure;
    }
  | { status: "deleting"; since: number; step: "delete" | "look" }
  | Replacing;

/** What the provider says of a remote, in our words. */
export type ProviderState =
  "started" | "starting" | "stopped" | "stopping" | "deleting" | "failed";

/** What one step found. `gone` is proof; a 404 by name, which proves nothing, is no such word. */
export type Outcome =
  | { kind: "present"; remoteId: string; provider: ProviderState }
  | { kind: "claimed" }
  | { kind: "gone" }
  | { kind: "conflict" }
  | { kind: "unknown"; error: Failure }
  /** Nothing was done by this call, unless `mayExist` says that a create may have been. */
  | { kind: "refused"; error: Failure; mayExist?: boolean }
  | Copied;

/** What came of the two steps of a replacement that carry its files. */
export type Copied =
  | { kind: "kept" }
  | { kind: "restored" }
  /** It says that what it unpacked is not what was kept. */
  | { kind: "mismatch" }
  /** The daemon does not know our key. */
  | { kind: "unclaimed" }
  /** A turn is still at work there, or another copy. */
  | { kind: "busy" };

/** What a look at a sandbox found; `daemon` is sandboxd's answer to our key, if it was asked. */
export type Probe =
  | { kind: "present"; provider: ProviderState; daemon: Daemon }
  | { kind: "gone" }
  | { kind: "unknown" };
/** `moved`: the provider refuses the address we know, which a boot changes. */
export type Daemon = "ok" | "unclaimed" | "moved" | "unreachable" | "unasked";

/** Whether the daemon was asked and nothing was heard of it. */
export function isSilent(daemon: Daemon): boolean {
  return daemon === "moved" || daemon === "unreachable";
}

export type SlotEvent =
  | { type: "want"; by?: "owner" } // a launch, a turn or its owner wants it running
  | { type: "admit" } // it has been given a place
  | { type: "deny"; error: Failure } // nobody can be given a place
  | { type: "stop" }
  | { type: "remove" }
  | { type: "abandon" } // nobody wants the create under way, or the place it waits for
  | { type: "replace" } // its owner wants it made anew, with its files
  | { type: "resume" } // a replacement that halted goes on where it halted
  | { type: "cancel" } // a replacement is given up, where that loses nothing
  | { type: "insecure" } // it answered without a key
  | { type: "full" } // its disk has no room for what must be written
  | { type: "unusable" } // it runs, but what runs in it does not answer as it must
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
  /** Boots and creates in a row that did not hold; sets the backoff, and an end. */
  strikes: number;
  remote?: RemoteChange;
  /** Launches that waited for this fail with it: the oldest if retryable, else all. */
  failed?: Failure;
  /** The slot is given up: all of them, also if asking again may help. */
  failsAll?: true;
};

/** What a decision is made of. */
export type Slot = { generation: number; state: SlotState; strikes: number };

const DEADLINES = {
  queued: QUEUE_DEADLINE,
  creating: CREATE_DEADLINE,
  starting: START_DEADLINE,
  stopping: STOP_DEADLINE,
  deleting: DELETE_DEADLINE,
} as const;

/** When the current transition must have ended, or null where nothing is under way. */
export function deadlineOf(state: SlotState): number | null {
  if (state.status === "replacing") return deadlineOfReplacing(state);
  return state.status in DEADLINES && "since" in state
    ? state.since + DEADLINES[state.status as keyof typeof DEADLINES]
    : null;
}

/** Whether a worker is due: such a slot has a lease, any other has none. */
export function hasStep(state: SlotState): boolean {
  if (state.status === "replacing") {
    return state.step !== "wait" && state.error === undefined;
  }
  return ["creating", "starting", "stopping", "deleting"].includes(
    state.status,
  );
}

/** Whether the current generation's remote exists and is switched off. */
export function isOff(state: SlotState): boolean {
  switch (state.status) {
    case "queued":
      return isOff(state.from);
    case "stopped":
      return true;
    case "failed":
      return state.disk === "kept";
    default:
      return false;
  }
}

/** Whether it has a sandbox that nobody works on and no look is for. */
export function isUnwatched(state: SlotState): boolean {
  if (state.status === "replacing") return state.error !== undefined;
  return state.status !== "queued" && isOff(state);
}

/** The next state of a slot and what to do about it; `now` in ms. Pure. */
export function decide(slot: Slot, event: SlotEvent, now: number): Decision {
  const { state } = slot;
  switch (event.type) {
    case "want":
      return want(slot, event.by ?? "launch", now);
    case "admit":
      return admit(slot, now);
    case "deny":
      return deny(slot, now, event.error);
    case "stop":
      if (state.status === "queued") return to(slot, state.from, "none");
      return state.status === "running" || state.status === "starting"
        ? halt(slot, now)
        : stay(slot);
    case "remove":
      return remove(slot, now);
    case "abandon":
      return abandon(slot);
    case "replace":
      return replace(slot, now);
    case "resume":
      return state.status === "replacing"
        ? resumeReplacing(slot, state, now)
        : stay(slot);
    case "cancel":
      if (state.status === "queued" && state.for === "replace") {
        return to(slot, state.from, "none");
      }
      return state.status === "replacing"
        ? cancelReplacing(slot, state, now)
        : stay(slot);
    case "insecure":
      return giveUp(slot, now, insecure());
    case "full":
      // It runs on, for there its owner can make room; only who waits is told.
      return state.status === "running"
        ? { ...stay(slot), failed: diskFull() }
        : stay(slot);
    case "unusable":
      return giveUp(slot, now, unreachable());
    case "outcome":
      return state.status === "replacing"
        ? onReplacing(slot, state, event.outcome, now)
        : onOutcome(slot, event.outcome, now);
    case "expired":
      return onExpired(slot, now);
    case "probe":
      return onProbe(slot, event.probe, now);
  }
}

/** What does not run queues for a place; all that is on its way is left alone. */
function want(slot: Slot, by: "launch" | "owner", now: number): Decision {
  const { state } = slot;
  switch (state.status) {
    case "empty":
    case "failed":
    case "stopped":
      return to(
        slot,
        { status: "queued", since: now, from: asked(state), for: by },
        "none",
      );
    case "queued":
      // It keeps its turn, and stays although the launch that began it leaves.
      return state.for === "launch" && by === "owner"
        ? to(slot, { ...state, for: by }, "none")
        : stay(slot);
    case "running":
      // Whoever wants it on is told no more that it did not stop.
      return state.error
        ? to(slot, { status: "running", since: state.since }, "none")
        : stay(slot);
    default:
      return stay(slot);
  }
}

/** The create lock: whoever comes now finds it on its way. */
function admit(slot: Slot, now: number): Decision {
  const { state } = slot;
  if (state.status === "replacing") return admitReplacing(slot, state, now);
  if (state.status !== "queued") return stay(slot);
  const { from } = state;
  if (state.for === "replace") {
    return to(
      { ...slot, strikes: 0 },
      {
        status: "replacing",
        since: now,
        stage: "wake",
        stageSince: now,
        step: "start",
      },
      "now",
    );
  }
  if (from.status === "stopped") {
    return to(
      { ...slot, strikes: 0 },
      { status: "starting", since: now, step: "start" },
      "now",
    );
  }
  if (from.status === "empty") return create({ ...slot, strikes: 0 }, now);
  // A disk is never traded for a new sandbox unasked.
  return from.disk === "kept" ? recover(slot, now) : create(slot, now);
}

/** It leaves the queue for where it was, and so does whoever waits for it. */
function deny(slot: Slot, now: number, error: Failure): Decision {
  const { state } = slot;
  if (state.status === "replacing") {
    return denyReplacing(slot, state, now, error);
  }
  if (state.status !== "queued") return stay(slot);
  return {
    ...to(slot, denied(state.from, error), "none"),
    ...{ failed: error, failsAll: true },
  };
}

function abandon(slot: Slot): Decision {
  const { state } = slot;
  if (state.status === "queued" && state.for === "launch") {
    return to(slot, state.from, "none");
  }
  return state.status === "creating"
    ? to(slot, { status: "empty" }, "none", { state: "abandoned" })
    : stay(slot);
}

/** A stopped one must be started to be read, so it queues like any start. */
function replace(slot: Slot, now: number): Decision {
  const { state } = slot;
  switch (state.status) {
    case "running":
      return to(
        { ...slot, strikes: 0 },
        {
          status: "replacing",
          since: now,
          stage: "keep",
          stageSince: now,
          step: "keep",
        },
        "now",
      );
    case "stopped":
      return to(
        slot,
        { status: "queued", since: now, from: asked(state), for: "replace" },
        "none",
      );
    default:
      return stay(slot);
  }
}

function remove(slot: Slot, now: number): Decision {
  const { state } = slot;
  if (state.status === "queued") {
    return remove({ ...slot, state: state.from }, now);
  }
  if (state.status === "replacing") return removeReplacing(slot, state, now);
  const kept = state.status === "failed" && state.disk === "kept";
  if (state.status === "creating" || (state.status === "failed" && !kept)) {
    return to(slot, { status: "empty" }, "none", { state: "abandoned" });
  }
  if (state.status === "empty") return to(slot, state, "none");
  return state.status === "deleting"
    ? stay(slot)
    : to(slot, { status: "deleting", since: now, step: "delete" }, "now");
}

function onExpired(slot: Slot, now: number): Decision {
  const slow = (what: string) =>
    failure("launch_timed_out", `The provider took too long to ${what}.`);
  switch (slot.state.status) {
    case "queued":
      return deny(
        slot,
        now,
        failure("queue_timed_out", "No place became free in 30 minutes."),
      );
    case "replacing":
      return overdueReplacing(slot, slot.state, now);
    case "creating":
      return fail(slot, now, slow("make the sandbox"), { state: "abandoned" });
    case "starting":
      // It may start yet. Only a confirmed stop gives its place away.
      return giveUp(slot, now, slow("start the sandbox"));
    case "stopping":
      return unstopped(slot, now);
    case "deleting":
      return to(slot, { status: "empty" }, "none", { state: "abandoned" });
    default:
      return stay(slot);
  }
}
