import type { SendOutcome } from "./chat/turn";
import type { Failure } from "./errors";
import type { LogCall, LogWhat } from "./logEntry";
import type { Outcome, Probe, ProviderState, SlotEvent } from "./slot";

/** Longest text kept in an entry. Words of ours fit; what others say is cut. */
const MAX_TEXT = 300;

/** Counters and durations in ms are whole and far below this; a larger one is a mistake. */
const MAX_NUMBER = 1_000_000_000;

/** A slot's state as the log names it: "running", "creating/claim", "replacing/keep". */
export function stateName(state: { status: string }): string {
  const at = "stage" in state ? state.stage : "step" in state ? state.step : "";
  return typeof at === "string" && at ? `${state.status}/${at}` : state.status;
}

/** The event that moved a slot, as the log names it. */
export function causeOf(event: SlotEvent): string {
  switch (event.type) {
    case "outcome":
      return `outcome/${event.outcome.kind}`;
    case "probe":
      return `probe/${event.probe.kind}`;
    default:
      return event.type;
  }
}

/**
 * Whether a failure that follows `attempt` others like it is worth an entry: the
 * first five are, then ever fewer, so that a bad hour is dozens of rows.
 */
export function isTold(attempt: number): boolean {
  return attempt < 5 || Number.isInteger(Math.log2(attempt));
}

/** What is kept of a failure. */
export function errorOf({ code, message }: Failure) {
  return { code, message };
}

/** The entry within its bounds, whatever it was given (I8). */
export function bounded(what: LogWhat): LogWhat {
  return Object.fromEntries(
    Object.entries(what).map(([name, value]) => [name, cut(value)]),
  ) as LogWhat;
}

function cut<T>(value: T): T {
  if (typeof value === "string") {
    return value.slice(0, MAX_TEXT).toWellFormed() as T;
  }
  if (typeof value === "number") {
    return Math.min(Math.max(0, Math.round(value)), MAX_NUMBER) as T;
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, cut(part)]),
    ) as T;
  }
  return value;
}

/** What a step found, as the log tells it; null for a look that found it still on its way. */
export function callOf(
  call: LogCall,
  outcome: StepOutcome,
  attempt: number,
): Extract<LogWhat, { kind: "call" }> | null {
  const about = { kind: "call", call, attempt } as const;
  switch (outcome.kind) {
    case "present":
      if (call === "look" && ON_ITS_WAY.has(outcome.provider)) return null;
      return {
        ...about,
        outcome: outcome.adopted ? "adopted" : outcome.provider,
        ok: outcome.provider !== "failed",
      };
    case "refused":
      return { ...about, ...failed("refused", outcome.error) };
    case "unknown":
      return isTold(attempt)
        ? { ...about, ...failed("no answer", outcome.error) }
        : null;
    default: {
      const ok = DONE.has(outcome.kind);
      return ok || isTold(attempt)
        ? { ...about, outcome: outcome.kind, ok }
        : null;
    }
  }
}

/** What a look at a running sandbox found, for an entry. */
export function probed(
  probe: Probe,
  agent: string | undefined,
): Extract<LogWhat, { kind: "call" }> {
  const about = { kind: "call", call: "probe" } as const;
  if (probe.kind !== "present") {
    return { ...about, outcome: probe.kind, ok: probe.kind === "gone" };
  }
  const daemon = agent ? `agent ${agent}` : `daemon ${probe.daemon}`;
  return {
    ...about,
    outcome:
      probe.daemon === "unasked"
        ? probe.provider
        : `${probe.provider}, ${daemon}`,
    ok: probe.provider !== "failed" && probe.daemon !== "unclaimed",
  };
}

/** What became of handing a message over, as the log tells it. */
export function sendOf(
  outcome: SendOutcome,
  attempt: number,
  ms: number,
): Extract<LogWhat, { kind: "call" }> | null {
  const about = { kind: "call", call: "send", attempt, ms } as const;
  switch (outcome.kind) {
    case "accepted":
      return { ...about, outcome: "accepted", ok: true };
    case "refused":
      return { ...about, ...failed("refused", outcome.error) };
    default: {
      const words = UNSENT[outcome.kind];
      return isTold(attempt) ? { ...about, outcome: words, ok: false } : null;
    }
  }
}

const UNSENT = {
  unreachable: "no answer",
  busy: "busy with an older one",
  not_installed: "the skill is not there",
};

type StepOutcome = Outcome & { adopted?: boolean };

/** Outcomes by which a step has done its work; any other is tried again. */
const DONE = new Set(["claimed", "gone", "kept", "restored"]);

const ON_ITS_WAY = new Set<ProviderState>(["starting", "stopping", "deleting"]);

function failed(outcome: string, error: Failure) {
  return { outcome, ok: false, error: errorOf(error) };
}
