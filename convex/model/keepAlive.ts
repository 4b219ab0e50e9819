import {
  AUTO_STOP,
  KEEP_ALIVE,
  STOP_WARNING,
  WATCH,
  WATCH_BEAT,
} from "./timing";

/** What says that a running sandbox is in use. All times are the server's, in ms. */
export type Use = {
  /** The last thing a person did with it: launched, wrote, started it, asked for more time. */
  actedAt: number;
  /** A visible tab has said that it shows it, and is believed until then. */
  watchedUntil: number;
  /** The agent is at work; what it sends goes outwards and keeps nothing alive. */
  working: boolean;
};

/**
 * Whether the provider is told that the sandbox is in use. Only for so long
 * after a person did something: a tab that was forgotten, or an agent that
 * never comes to an end, keeps nothing running for ever.
 */
export function keepsAlive(use: Use, now: number): boolean {
  if (now >= use.actedAt + KEEP_ALIVE) return false;
  return use.working || now < use.watchedUntil;
}

/** When the provider stops a sandbox that was last active at `confirmedAt`. */
export function stopsAt(confirmedAt: number): number {
  return confirmedAt + AUTO_STOP;
}

/** Whether it is time to say that a sandbox is about to be stopped. */
export function isEnding(confirmedAt: number, now: number): boolean {
  return now >= stopsAt(confirmedAt) - STOP_WARNING;
}

/**
 * Until when a tab that says now that it watches is believed, or null if what
 * is recorded is good enough: many tabs write as seldom as one.
 */
export function watchAgain(until: number, now: number): number | null {
  return until - now > WATCH - WATCH_BEAT / 2 ? null : now + WATCH;
}
