import { AUTO_STOP, LOOK_COOLDOWN, PROBE_INTERVAL } from "@convex/model/timing";
import type { SandboxView } from "../data/types";

type Confirmed = Pick<SandboxView, "lastConfirmedAt" | "autoStopAt" | "health">;

/** A look that somebody asked for, from when it was asked until its answer is old. */
export type Look =
  | { kind: "none" }
  | { kind: "asked" | "known"; confirmedAt: number }
  | { kind: "found" | "silent" };

/**
 * A record younger than this may stay as it is: it is renewed for news of this much
 * later (lifecycle/pulses), and what was just heard of is not looked at anew.
 */
const STAYS_FOR = PROBE_INTERVAL + LOOK_COOLDOWN;

/** When it was last confirmed to run, as far as the record tells; 0 for never. */
export function confirmedAt({ lastConfirmedAt, autoStopAt }: Confirmed) {
  const stopCountsFrom = autoStopAt === null ? 0 : autoStopAt - AUTO_STOP;
  return Math.max(lastConfirmedAt ?? 0, stopCountsFrom);
}

/** What begins with asking: where the record may stay as it is, it is the answer. `now` is the server's. */
export function askedFor(sandbox: Confirmed, now: number | null): Look {
  const at = confirmedAt(sandbox);
  const recent = now !== null && now - at < STAYS_FOR;
  const known = recent && sandbox.health !== "unreachable";
  return { kind: known ? "known" : "asked", confirmedAt: at };
}

/** Ends with the first confirmation that is newer than what was known when it was asked. */
export function heardOf(look: Look, sandbox: Confirmed): Look {
  return "confirmedAt" in look && confirmedAt(sandbox) > look.confirmedAt
    ? { kind: "found" }
    : look;
}

/** After as long as a look may take, and once more for what it said. */
export function lapsed(look: Look): Look {
  return look.kind === "asked" ? { kind: "silent" } : { kind: "none" };
}

export const LOOK_WORDS: Record<Look["kind"], string> = {
  none: "",
  asked: "",
  found: "Checked just now: it runs.",
  known: "Heard of in the last minute: it runs.",
  silent: "No answer yet. It is asked again.",
};
