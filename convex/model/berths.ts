import type { Caps } from "./admission";
import { MINUTE, STEP_TIMEOUT } from "./timing";

/**
 * How many jobs may run at once that a sandbox can make long, in all and for one
 * user. A deployment of the smallest class runs eight scheduled jobs at once, so
 * three are always left for what everybody waits for. Nobody has all of one kind:
 * the sandboxes of one person, however slow, leave something to the others.
 */
export const BERTHS = {
  /** Copies of a replacement: minutes. */
  leases: { deployment: 2, user: 1, apart: 5 * MINUTE },
  /** Installs: moments, or as long as a daemon that does not answer is waited for. */
  installs: { deployment: 3, user: 2, apart: STEP_TIMEOUT },
} as const satisfies Record<string, Caps & { apart: number }>;

/** Named by the table whose rows stand in line. */
export type BerthKind = keyof typeof BERTHS;

/**
 * Where somebody stands who comes `now`, with `last` the place in line of the
 * last job of the same user: behind that by a job's time (`apart`), so that who
 * wants many is not in front of everybody who comes in the meantime. In ms since
 * the epoch.
 */
export function behind(
  kind: BerthKind,
  last: number | undefined,
  now: number,
): number {
  return last === undefined ? now : Math.max(now, last + BERTHS[kind].apart);
}
