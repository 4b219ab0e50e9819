/** How often skills that vanished from a sandbox's disk were put back, and since when that is counted. */
export type Repairs = { count: number; since: number };

/** An agent may delete a skill by mistake a few times; a daemon that lies does so for ever. */
export const MAX_REPAIRS = 5;

/** Counted anew after this, in ms: a sandbox lives for days. */
export const REPAIR_WINDOW = 60 * 60_000;

/**
 * Counts a repair that is due now. Not `allowed`: what has vanished is no
 * longer listed, and comes back only when somebody asks for it.
 */
export function countRepair(
  before: Repairs | undefined,
  now: number,
): { repairs: Repairs; allowed: boolean } {
  const fresh = !before || now >= before.since + REPAIR_WINDOW;
  const { count, since } = fresh ? { count: 0, since: now } : before;
  const allowed = count < MAX_REPAIRS;
  return { repairs: { count: allowed ? count + 1 : count, since }, allowed };
}

/** A skill as our records list it, or as a sandbox says that it has it. */
type OnDisk = { skillKey: string; digest: string };

/**
 * The listed skills that a sandbox does not have as they are listed. What it
 * has besides is nobody's business: a folder proves no install of ours.
 */
export function missingOf<T extends OnDisk>(
  listed: readonly T[],
  told: readonly OnDisk[],
): T[] {
  const there = new Set(told.map(nameOf));
  return listed.filter((skill) => !there.has(nameOf(skill)));
}

function nameOf({ skillKey, digest }: OnDisk): string {
  return `${digest} ${skillKey}`;
}

/** A version of a skill in a sandbox. */
export type Version = {
  /** ms; when the commit became known to us. */
  knownSince: number;
  /** Some conversation of the sandbox is about it. */
  used: boolean;
};

/** The versions of one skill that may go: unused, and not the newest, which the next launch wants. */
export function retired<T extends Version>(versions: readonly T[]): T[] {
  const newest = Math.max(...versions.map(({ knownSince }) => knownSince));
  return versions.filter(
    ({ used, knownSince }) => !used && knownSince < newest,
  );
}
