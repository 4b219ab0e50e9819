import {
  broken,
  fail,
  giveUp,
  lost,
  recover,
  stay,
  to,
  unmade,
  unstarted,
} from "./slotMoves";
import type {
  Copied,
  Decision,
  Outcome as AnyOutcome,
  Slot,
  SlotState,
} from "./slot";

/** The transitions that reports of steps cause, one function for each status. */

/** What the steps here can come to; only a replacement copies (replace.ts). */
type Outcome = Exclude<AnyOutcome, Copied>;

/** What the outcome of the slot's step makes of it. */
export function onOutcome(
  slot: Slot,
  outcome: AnyOutcome,
  now: number,
): Decision {
  if (isCopied(outcome)) return stay(slot);
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

function isCopied(outcome: AnyOutcome): outcome is Copied {
  const copied = ["kept", "restored", "mismatch", "unclaimed", "busy"];
  return copied.includes(outcome.kind);
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
      const { remoteId } = outcome;
      const remote = { state: "present", remoteId } as const;
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
          // Nothing has been put into it yet, so nothing is lost with it.
          return fail(slot, now, unmade(), { state: "abandoned" });
      }
      break;
    }
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "refused":
      return fail(slot, now, outcome.error, {
        state: outcome.mayExist ? "abandoned" : "never",
      });
    case "unknown":
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
  const fresh = state.status === "creating";
  switch (outcome.kind) {
    case "claimed":
      return {
        ...to(slot, { status: "running", since: now }, "none"),
        strikes: slot.strikes + 1, // until it has held for a while
      };
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "present":
      switch (outcome.provider) {
        case "failed":
          return fresh
            ? fail(slot, now, unmade(), { state: "abandoned" })
            : recover(slot, now);
        case "deleting":
          return fail(slot, now, lost(), { state: "abandoned" });
        case "stopped":
          // The deadline keeps running: it may stop after every start.
          return to(
            slot,
            {
              status: "starting",
              since: fresh ? now : state.since,
              step: "start",
            },
            "retry",
          );
        default:
          return to(slot, state, "retry");
      }
    case "refused":
      return fresh
        ? fail(slot, now, outcome.error, { state: "abandoned" })
        : giveUp(slot, now, outcome.error); // it runs, and is of no use
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
          return fail(slot, now, lost(), { state: "abandoned" });
        case "failed":
          return state.step === "recover"
            ? broken(slot, now)
            : to(slot, { ...state, step: "recover" }, "retry");
      }
      break;
    case "gone":
      return fail(slot, now, lost(), { state: "gone" });
    case "refused":
      return state.step === "recover"
        ? broken(slot, now)
        : unstarted(slot, now, outcome.error);
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
        case "stopped": {
          const off = { status: "stopped", since: now, by: "user" } as const;
          const { error } = state;
          return to(slot, { ...off, ...(error && { error }) }, "none");
        }
        case "started":
          return to(slot, { ...state, step: "stop" }, "retry");
        case "failed":
          return broken(slot, now);
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
