import type { SlotState } from "./slot";

/** What a card says of a sandbox at a glance. */
export type SlotHealth =
  | "ok"
  | "starting"
  | "stopping"
  | "stopped"
  | "unreachable"
  | "failed"
  | "queued"
  | "replacing"
  | "none";

/** Probes in a row without an answer before people are told. */
export const UNREACHABLE_AFTER = 2;

export function isUnreachable(failures: number): boolean {
  return failures >= UNREACHABLE_AFTER;
}

/** Computed in one place, from records only. Time plays no part: a countdown is the page's. */
export function healthOf(
  state: SlotState,
  unreachable: boolean | undefined,
  agent: string | undefined,
): SlotHealth {
  switch (state.status) {
    case "empty":
      return "none";
    case "queued":
      return "queued";
    case "replacing":
      return state.error ? "failed" : "replacing";
    case "creating":
    case "starting":
      return "starting";
    case "stopping":
    case "deleting":
      return "stopping";
    case "stopped":
      return "stopped";
    case "failed":
      return "failed";
    case "running":
      if (unreachable) return "unreachable";
      return agent === "starting" ? "starting" : "ok";
  }
}

/** What an agent says of itself. */
type Agent = { state: string; reason?: string; version?: string };

export function sameAgent(a: Agent | undefined, b: Agent): boolean {
  return (
    a?.state === b.state && a.reason === b.reason && a.version === b.version
  );
}
