import { failure, type Failure } from "./errors";
import type { Decision, Outcome, Slot, SlotState } from "./slot";
import { mismatch, unclaimed, unkept } from "./replaceErrors";
import { create, lost, MAX_STRIKES, stay, to } from "./slotMoves";
import { onOutcome } from "./slotSteps";
import {
  DEADLINES,
  FIRST,
  givenUpAt,
  isOldThere,
  WITHIN,
  type Replacing,
  type Stage,
  type Step,
} from "./replaceStages";

export type { Replacing } from "./replaceStages";

/** Copies in a row that nobody answered, before it halts: as many as an install is tried. */
const MAX_COPIES = 6;

type Next = Decision["next"];

/** When the stage, or the wait for the owner of a halted one, must have ended. */
export function deadlineOfReplacing(state: Replacing): number {
  if (!state.error) return state.stageSince + DEADLINES[state.stage];
  return givenUpAt(state);
}

/** Whether it can be given up now, and a sandbox is left. */
export function canCancel(state: Replacing): boolean {
  if (isOldThere(state)) return true;
  // What was kept is dropped; the new sandbox is whole without it.
  return isReturning(state) && state.error !== undefined;
}

/** What the outcome of the current step makes of it. */
export function onReplacing(
  slot: Slot,
  state: Replacing,
  outcome: Outcome,
  now: number,
): Decision {
  if (state.error) return stay(slot); // nobody works on it
  switch (state.stage) {
    case "keep":
    case "restore":
      return onCopy(slot, state, outcome, now);
    case "place":
      return stay(slot);
    default: {
      const within = {
        status: WITHIN[state.stage],
        since: state.stageSince,
        step: state.step,
      } as SlotState;
      const inner = onOutcome({ ...slot, state: within }, outcome, now);
      if (inner.state === within && inner.next === "none") return stay(slot);
      return onInner(slot, state, inner, now);
    }
  }
}

function onCopy(
  slot: Slot,
  state: Replacing,
  outcome: Outcome,
  now: number,
): Decision {
  const { stage } = state;
  switch (outcome.kind) {
    case "kept":
      if (stage !== "keep") return stay(slot);
      return enter({ ...slot, strikes: 0 }, state, "stop", now);
    case "restored":
      if (stage !== "restore") return stay(slot);
      return to(
        { ...slot, strikes: 0 },
        { status: "running", since: now },
        "none",
      );
    case "mismatch":
      if (stage !== "restore") return stay(slot);
      return pause(slot, state, now, mismatch());
    case "refused":
      return pause(slot, state, now, outcome.error);
    case "gone":
      return gone(slot, now);
    case "unclaimed":
      return copyAgain(slot, state, "claim", now, unclaimed(state));
    case "busy": // what keeps it ends by itself: no strike
      return to(slot, state, "retry");
    case "unknown": // without an answer: the provider says whether it still runs
      return copyAgain(slot, state, "look", now, outcome.error);
    default:
      return stay(slot);
  }
}

/** Back to the boot and the copy once more; not for ever, for its owner waits. */
function copyAgain(
  slot: Slot,
  state: Replacing,
  step: "claim" | "look",
  now: number,
  error: Failure,
): Decision {
  const again = { ...slot, strikes: slot.strikes + 1 };
  const before = state.stage === "keep";
  if (again.strikes < MAX_COPIES) {
    const stage = before ? "wake" : "boot";
    return to(again, { ...state, stage, step }, "retry");
  }
  if (before) return pause(again, state, now, error);
  // Nothing is lost with the new one, so the next try is made with another.
  return {
    ...pause(again, { ...state, stage: "place", step: "wait" }, now, error),
    remote: { state: "abandoned" },
  };
}

/** Reads what the slot's own transition came to as a step of the replacement. */
function onInner(
  slot: Slot,
  state: Replacing,
  inner: Decision,
  now: number,
): Decision {
  const { status } = inner.state;
  const carry = inner.remote ? { remote: inner.remote } : {};
  if (status === WITHIN[state.stage as keyof typeof WITHIN]) {
    const { step } = inner.state as { step: Step };
    return { ...to(slot, { ...state, step }, inner.next), ...carry };
  }
  switch (state.stage) {
    case "wake":
      if (status === "running") return copy(slot, state, "keep");
      if (status === "failed" && inner.remote) {
        return { ...inner, strikes: slot.strikes };
      }
      return pause(slot, state, now, inner.failed ?? lost());
    case "stop":
      return status === "empty"
        ? { ...enter(slot, state, "place", now), ...carry }
        : enter(slot, state, "delete", now);
    case "delete":
      return { ...enter(slot, state, "place", now), ...carry };
    case "create":
    case "boot":
      if (status === "running") {
        const made = state.stage === "create" ? { ...slot, strikes: 0 } : slot;
        return copy(made, state, "restore");
      }
      if (status === "starting") {
        const { step } = inner.state as { step: Step };
        return {
          ...to(slot, { ...state, stage: "boot", step }, inner.next),
          ...carry,
        };
      }
      return unmade(slot, state, inner, now);
    default:
      return stay(slot);
  }
}

/** The new one came to nothing: another, as long as that is worth a try. */
function unmade(
  slot: Slot,
  state: Replacing,
  inner: Decision,
  now: number,
): Decision {
  const error = inner.failed ?? lost();
  if (!inner.remote) return pause(slot, state, now, error);
  const again = { ...slot, strikes: slot.strikes + 1 };
  const next =
    error.retryable && again.strikes < MAX_STRIKES
      ? enter(again, state, "place", now)
      : pause(again, { ...state, stage: "place", step: "wait" }, now, error);
  return { ...next, remote: inner.remote };
}

/** The copy begins; its clock is the one of the boot before it. */
function copy(
  slot: Slot,
  state: Replacing,
  stage: "keep" | "restore",
): Decision {
  return to(slot, { ...state, stage, step: FIRST[stage] }, "now");
}

function enter(
  slot: Slot,
  state: Replacing,
  stage: Stage,
  now: number,
  next: Next = stage === "place" ? "none" : "now",
): Decision {
  const { status, since } = state;
  return to(
    slot,
    { status, since, stage, stageSince: now, step: FIRST[stage] },
    next,
  );
}

/** Halts; launches that wait are told, for only the owner can go on. */
function pause(
  slot: Slot,
  state: Replacing,
  now: number,
  error: Failure,
): Decision {
  return {
    ...to(slot, { ...state, stageSince: now, error }, "none"),
    ...{ failed: error, failsAll: true },
  };
}

/** There is nothing left to keep. */
function gone(slot: Slot, now: number): Decision {
  const error = lost();
  return {
    ...to(slot, { status: "failed", since: now, error }, "none", {
      state: "gone",
    }),
    failed: error,
  };
}

/** The provider lost the sandbox of a halted one. What was kept of it is still there. */
export function lostReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  if (!state.error) return stay(slot); // its own step finds that out
  switch (state.stage) {
    case "wake":
    case "keep":
      return gone(slot, now);
    case "stop":
    case "boot":
    case "restore":
      return to(slot, { ...state, stage: "place", step: "wait" }, "none", {
        state: "gone",
      });
    default:
      return stay(slot);
  }
}

/** The new one's place is there: the next generation. */
export function admitReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  if (state.stage !== "place" || state.error) return stay(slot);
  const { remote, generation, next } = create(slot, now);
  return {
    ...enter(slot, state, "create", now, next),
    generation,
    ...(remote && { remote }),
  };
}

/** Nobody can be given a place: it halts, and its owner has it go on. */
export function denyReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
  error: Failure,
): Decision {
  if (state.stage !== "place" || state.error) return stay(slot);
  return pause(slot, state, now, error);
}

/** Once more from the step that failed; what may have moved is looked at first. */
export function resumeReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  if (!state.error) return stay(slot);
  const again = { ...slot, strikes: 0 };
  switch (state.stage) {
    case "wake":
    case "keep":
      return enter(again, state, "wake", now);
    case "boot":
    case "restore":
      return enter(again, state, "boot", now);
    default:
      return enter(again, state, state.stage, now);
  }
}

/** See `canCancel`. The state is looked at: it may have stopped meanwhile. */
export function cancelReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  if (!canCancel(state)) return stay(slot);
  return to(
    { ...slot, strikes: 0 },
    { status: "starting", since: now, step: "look" },
    "now",
  );
}

/** Deletes whatever there is of it; what was kept goes as well. */
export function removeReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  switch (state.stage) {
    case "place":
      return to(slot, { status: "empty" }, "none");
    case "create":
      return to(slot, { status: "empty" }, "none", { state: "abandoned" });
    default:
      return to(
        slot,
        { status: "deleting", since: now, step: "delete" },
        "now",
      );
  }
}

export function overdueReplacing(
  slot: Slot,
  state: Replacing,
  now: number,
): Decision {
  if (state.error) {
    if (!canCancel(state)) return removeReplacing(slot, state, now);
    // Given up; but nobody is there, and nothing is started for them.
    const error = isOldThere(state) ? state.error : unkept();
    const off = { status: "stopping", since: now, step: "look" } as const;
    return to({ ...slot, strikes: 0 }, { ...off, error }, "now");
  }
  const slow = (what: string) => {
    const error = failure("replace_timed_out", `${what} did not end in time.`);
    return pause(slot, state, now, error);
  };
  switch (state.stage) {
    case "wake":
    case "keep":
      return slow("Copying the files out of the sandbox");
    case "stop":
      return slow("Stopping the old sandbox");
    case "delete":
      // The sweeper owns it from here on; it is in nobody's way.
      return {
        ...enter(slot, state, "place", now),
        remote: { state: "abandoned" },
      };
    case "place":
      return slow("Waiting for a place for the new sandbox");
    case "create":
      return {
        ...pause(
          slot,
          { ...state, stage: "place", step: "wait" },
          now,
          failure("replace_timed_out", "Making the new sandbox took too long."),
        ),
        remote: { state: "abandoned" },
      };
    case "boot":
    case "restore":
      return slow("Copying the files into the new sandbox");
  }
}

function isReturning({ stage }: Replacing): boolean {
  return stage === "boot" || stage === "restore";
}
