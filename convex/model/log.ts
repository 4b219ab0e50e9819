import type { Failure } from "./errors";
import type { LogWhat } from "./logEntry";

/** Longest text kept in an entry. Words of ours fit; what others say is cut. */
const MAX_TEXT = 300;

/** Counters and durations in ms are whole and far below this; a larger one is a mistake. */
const MAX_NUMBER = 1_000_000_000;

/** A slot's state as the log names it: "running", "creating/claim", "replacing/keep". */
export function stateName(state: { status: string }): string {
  const at = "stage" in state ? state.stage : "step" in state ? state.step : "";
  return typeof at === "string" && at ? `${state.status}/${at}` : state.status;
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
