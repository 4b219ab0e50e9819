import type { LogEntry } from "../data/types";
import type { Phase } from "./phases";

/** A row beneath a phase: a remote call, or that somebody else took it over. */
export type Call = {
  id: string;
  words: string;
  startedAt: number;
  ms: number | null;
  failed: boolean;
  reason: string | null;
};

/** The calls of a launch's log under the phase in which each began. */
export function callsOf(
  phases: readonly Phase[],
  entries: readonly LogEntry[],
): Record<string, Call[] | undefined> {
  const begun = phases.filter((phase) => phase.startedAt !== null);
  const found: Record<string, Call[] | undefined> = {};
  for (const entry of entries) {
    const call = callOf(entry);
    if (!call) continue;
    const phase =
      begun.findLast((one) => (one.startedAt ?? 0) <= call.startedAt) ??
      begun[0];
    if (phase) (found[phase.name] ??= []).push(call);
  }
  return found;
}

function callOf({ eventId, at, what, summary }: LogEntry): Call | null {
  if (what.kind === "takeover") {
    const taken = { ms: null, failed: true, reason: null };
    return { id: eventId, words: summary, startedAt: at, ...taken };
  }
  if (what.kind !== "call") return null;
  const reason = what.error?.message ?? null;
  return {
    id: eventId,
    // The reason has a line of its own.
    words: reason ? summary.replace(`. ${reason}`, "") : summary,
    // It was told after it had ended, so never before it began.
    startedAt: at - (what.ms ?? 0),
    ms: what.ms ?? null,
    failed: !what.ok,
    reason,
  };
}
