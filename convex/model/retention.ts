/** What is kept for how long. Nothing that something else still needs goes, however old it is. */

/** Days, by what is removed, with the reason. An operator's `SLIPWAY_RETENTION_DAYS` comes first. */
export const RETENTION_DAYS = {
  /** Conversations in which nobody has written: a project may rest for a season. */
  sessions: 90,
  /** Launches that ended, also of conversations that go on: as long as a conversation at rest. */
  launches: 90,
  /** Log entries: as long as it takes to hear of a problem and to look into it. */
  events: 30,
  /** Records of sandboxes that are gone: as their log. */
  remotes: 30,
  /** Skills with their archives that no conversation and no sandbox has: fetched again when somebody opens them. */
  skills: 30,
  /** What git hosts said of repositories: trusted for minutes, then only where a host does not answer. */
  lookups: 30,
} as const;

export type Retention = Record<keyof typeof RETENTION_DAYS, number>;

const DAY = 24 * 60 * 60 * 1_000;

/** A day at least: what runs now, and what is asked about today, is younger than that. */
const LEAST_DAYS = 1;

/**
 * How long each is kept, in ms, with what an operator set: a JSON object of
 * days, of some or all. Null for one that is none: then nothing is removed.
 */
export function parseRetention(text: string | undefined): Retention | null {
  const days: Record<string, unknown> = { ...RETENTION_DAYS };
  try {
    const given: unknown = JSON.parse(text || "{}");
    if (typeof given !== "object" || given === null) return null;
    Object.assign(days, given);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const kept: Partial<Retention> = {};
  for (const [kind, value] of Object.entries(days)) {
    const known = kind in RETENTION_DAYS;
    if (!known || typeof value !== "number" || !(value >= LEAST_DAYS)) {
      return null;
    }
    kept[kind as keyof Retention] = value * DAY;
  }
  return kept as Retention;
}
