import { failureOf, worthRetrying, type Failure } from "./failure";

/** What a page knows of one record. Every page renders each of the three. */
export type Read<T> =
  | { status: "loading" }
  | { status: "ready"; value: T; stale: Failure | null }
  | { status: "failed"; failure: Failure };

/** A first failure is not fatal: asked again after these, an error after the fourth. */
const DELAYS_MS = [1_000, 2_000, 4_000];

/** How one subscription has fared. Starts anew when what is asked changes. */
export type ReadHistory<T> = {
  key: string;
  failures: number;
  /** Resubscribing: the query is let go for this long, then asked again. */
  pause: number | null;
  good: { value: T } | null;
  error: unknown;
};

export function freshHistory<T>(key: string): ReadHistory<T> {
  return { key, failures: 0, pause: null, good: null, error: null };
}

/** The next history after the subscription answered with a value or an error. */
export function afterAnswer<T>(
  history: ReadHistory<T>,
  answer: { value: T } | { error: unknown },
): ReadHistory<T> {
  if ("value" in answer) {
    // Later data replaces any error.
    return { ...freshHistory<T>(history.key), good: { value: answer.value } };
  }
  const delay = worthRetrying(answer.error)
    ? DELAYS_MS[history.failures]
    : undefined;
  return {
    ...history,
    failures: history.failures + 1,
    pause: delay ?? null,
    error: answer.error,
  };
}

/** What the page shows of a history. */
export function readOf<T>(history: ReadHistory<T>): Read<T> {
  const fatal = history.error !== null && history.pause === null;
  if (history.good) {
    return {
      status: "ready",
      value: history.good.value,
      stale: fatal ? failureOf(history.error) : null,
    };
  }
  if (fatal) return { status: "failed", failure: failureOf(history.error) };
  return { status: "loading" };
}
