import { Dice } from "./random";

/**
 * What may go wrong, as data. Everything is drawn by its own name and number,
 * so that a story from which an event or a fault was taken goes on with all
 * other misfortunes in place, and shrinking gets anywhere.
 */

/** Of any request over a wire. */
const WIRE = ["before", "after", "hang", "late", "slow", "error"] as const;
/** Of one that changes nothing. */
const READ = ["before", "hang", "slow", "error"] as const;

/** Faults of each remote call. */
export const REMOTE = {
  create: [...WIRE, "quota", "pending", "broken", "taken", "squatted"],
  get: [...READ, "404", "forbidden"],
  list: [...READ, "stale", "partial"],
  "list one": READ,
  start: [...WIRE, "conflict", "pending", "broken", "forbidden"],
  stop: [...WIRE, "conflict", "pending", "404"],
  recover: [...WIRE, "broken", "halfway"],
  delete: [...WIRE, "conflict", "ignored"],
  preview: READ,
  upload: WIRE,
  activity: READ,
  "GET /health": READ,
  "PUT /config": [...WIRE, "full"],
  "POST /skills": [...WIRE, "lie", "garbled", "full"],
  "DELETE /skills": WIRE,
  "POST /keep": WIRE,
  "POST /restore": [...WIRE, "lie", "garbled"],
  "POST /turns": [...WIRE, "full"],
  "POST /turns/stop": WIRE,
  "GET /turns": READ,
} as const satisfies Record<string, readonly string[]>;

export type Route = keyof typeof REMOTE;
export type Fault =
  "none" | "die before" | "die after" | (typeof REMOTE)[Route][number];

/** Each kind of step a worker is given, and the call that it is for. */
export const STEPS: Record<string, Route> = {
  create: "create",
  look: "get",
  start: "start",
  recover: "recover",
  claim: "upload",
  stop: "stop",
  delete: "delete",
  keep: "POST /keep",
  restore: "POST /restore",
  install: "POST /skills",
  configure: "PUT /config",
  probe: "get",
  "turns:send": "POST /turns",
  "turns:halt": "POST /turns/stop",
  "turns:pull": "GET /turns",
};

/** What each fault is, for people. */
export const FAULT_WORDS: Record<Exclude<Fault, "none">, string> = {
  before: "is cut before anything happens",
  after: "happens, and the answer is lost",
  hang: "is never answered, and nothing happens",
  late: "is never answered, and happens when nobody waits any more",
  slow: "is answered after many seconds",
  error: "is answered by a proxy's 502",
  quota: "is refused: no room in the account",
  pending: "is accepted and takes its time",
  broken: "ends in the provider's state `error`",
  taken: "is refused: the name is taken, though nobody has it",
  squatted: "is refused: somebody else's sandbox has the name",
  conflict: "is refused: 409, as if in transition",
  ignored: "is accepted, and nothing happens",
  stale: "shows what it showed the last time",
  partial: "leaves some out",
  forbidden: "is refused: our key may not",
  halfway: "ends in a sandbox that is stopped",
  "404": "finds nothing, though it is there",
  lie: "is answered with another digest",
  full: "finds the disk full, and full it is for minutes",
  garbled: "arrives garbled: its digest differs",
  "die before": "kills its worker before anything happens",
  "die after": "happens, and kills its worker",
};

/** What may befall a worker at each of its own calls to the database. */
export const WORKER = ["dies before", "dies after", "freezes"] as const;

/** What may befall what a tab sends. */
export const NET = ["cut before", "cut after"] as const;

/** What may befall a batch of events on its way from a sandbox. */
export const PUSH = ["lost", "late", "answer lost", "twice"] as const;

/** What an agent may do with a turn instead of answering. */
export const AGENT = [
  "fails",
  "breaks off",
  "falls silent",
  "goes on for too long",
] as const;

/** How likely each kind of misfortune is, at each occasion. */
export type Weather = {
  remote: number;
  worker: number;
  net: number;
  /** The call that it has an eye on; there it is as in `EYED`. */
  eye?: Route;
};
export const FAIR: Weather = { remote: 0, worker: 0, net: 0 };

/** What is rare by itself meets what is rare beside it only if somebody sees to it. */
const EYED = { remote: 0.6, worker: 0.2, server: 0.06 };

export type Drawn = { key: string; at: number; what: string };

export class Fate {
  weather: Weather = FAIR;
  /** Every misfortune so far, in order. */
  readonly drawn: Drawn[] = [];
  /** What happens for certain: by name every time, by name and number once. */
  readonly ordained = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  constructor(
    readonly seed: number,
    private readonly now: () => number,
    /** Misfortunes that do not happen: what shrinking tries to do without. */
    private readonly spared: ReadonlySet<string> = new Set(),
  ) {}

  /** How likely it is to strike a call, the worker that makes it, and the server meanwhile. */
  at(route: Route | undefined): typeof EYED {
    const { eye, remote, worker } = this.weather;
    const eyed = eye !== undefined && eye === route;
    return eyed ? EYED : { remote, worker, server: 0 };
  }

  /** A generator for the next thing of this name. */
  dice(about: string): Dice {
    return Dice.of(this.seed, this.count(about));
  }

  /** Draws one of `kinds`, or "none". */
  draw<K extends string>(
    about: string,
    kinds: readonly K[],
    probability: number,
    words: (kind: K) => string,
  ): { kind: K | "none"; dice: Dice } {
    const key = this.count(about);
    const dice = Dice.of(this.seed, key);
    const certain = this.ordained.get(key) ?? this.ordained.get(about);
    if (certain === undefined) {
      if (!dice.chance(probability) || this.spared.has(key)) {
        return { kind: "none", dice };
      }
    }
    const drawn = dice.pick(kinds);
    const kind =
      certain === undefined ? drawn : kinds.find((one) => one === certain);
    if (kind === undefined) throw new Error(`No ${about} ever ${certain}.`);
    this.drawn.push({ key, at: this.now(), what: words(kind) });
    return { kind, dice };
  }

  private count(about: string): string {
    const count = (this.counts.get(about) ?? 0) + 1;
    this.counts.set(about, count);
    return `${about} ${count}`;
  }
}
