import { failure, type Failure } from "./errors";
import type { SlotState } from "./slot";

/** Who gets a free place, and what is said when nobody did: pure decisions of the queue. */

/** The most sandboxes that may be live, or on their way to it or from it. */
export type Caps = { deployment: number; user: number };

export const DEFAULT_CAPS: Caps = { deployment: 50, user: 5 };

/** Above this a single transaction could not count what is taken. */
export const MAX_CAP = 2_000;

/**
 * How far a position in the queue is counted: this one says "here or later". A
 * page of two hundred that wait counts it for each, within what one query may read.
 */
export const MAX_POSITION = 100;

export type CapsRead =
  { ok: true; caps: Caps } | { ok: false; problem: Failure };

const NAMES = {
  deployment: "SLIPWAY_MAX_SANDBOXES",
  user: "SLIPWAY_MAX_SANDBOXES_PER_USER",
} as const;

/**
 * The operator's caps, numbers from 1 to 2,000, or `caps_unreadable`. What
 * cannot be read is never taken for no cap: nobody is admitted. Whatever asks
 * for another reason than to admit goes on without it.
 */
export function capsOf(env: Record<string, string | undefined>): CapsRead {
  const caps = { ...DEFAULT_CAPS };
  for (const whose of ["deployment", "user"] as const) {
    const given = env[NAMES[whose]];
    if (given === undefined || given === "") continue;
    const cap = Number(given);
    if (!Number.isInteger(cap) || cap < 1 || cap > MAX_CAP) {
      const message = `${NAMES[whose]} must be a number from 1 to ${MAX_CAP}: ${given}`;
      return { ok: false, problem: failure("caps_unreadable", message) };
    }
    caps[whose] = cap;
  }
  return { ok: true, caps };
}

/** The places that are taken, and by whom. */
export class Occupancy {
  private readonly held = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly caps: Caps,
    holders: Iterable<string>,
  ) {
    for (const user of holders) this.take(user);
  }

  get full(): boolean {
    return this.total >= this.caps.deployment;
  }

  /**
   * Takes a place for a user if there is one; else false. Asked in the order
   * of arrival: whoever is at the user's own cap is passed over and keeps the turn.
   */
  admit(user: string): boolean {
    if (this.full || (this.held.get(user) ?? 0) >= this.caps.user) return false;
    this.take(user);
    return true;
  }

  private take(user: string): void {
    this.total += 1;
    this.held.set(user, (this.held.get(user) ?? 0) + 1);
  }
}

/** Whether nothing but a place is missing. */
function waitsForPlace(state: SlotState): boolean {
  return (
    state.status === "queued" ||
    (state.status === "replacing" && state.stage === "place")
  );
}

/**
 * Why a wait for a sandbox that lasted too long is over. It may have lasted so
 * for want of a place, although the sandbox itself joined the queue later than
 * whoever waits for it began to; if not, `otherwise` says what was slow.
 */
export function outwaited(state: SlotState, otherwise: string): Failure {
  return waitsForPlace(state)
    ? failure("queue_timed_out", "No place became free in time.")
    : failure("launch_timed_out", otherwise);
}
