import { Afterwards } from "./afterwards";
import { EVENTS } from "./events";
import { FAIR, type Fate, type Route, type Weather } from "./fate";
import { Violation, Watch } from "./invariants";
import { checkLiveness } from "./liveness";
import { Dice } from "./random";
import { Stage } from "./stage";
import { disk } from "./stand-ins";
import { Visitor } from "./tabs";
import { World } from "./world";

/** One seeded run of users, tabs, a disturbed provider, dying workers and servers. */

const USERS = ["ann", "bob", "cyd"];
const TABS = 4;
export const EVENTS_PER_RUN = 100;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What of a seed's story is left out, to find out what of it matters. */
export type Cut = {
  events: ReadonlySet<number>;
  waits: ReadonlySet<number>;
  faults: ReadonlySet<string>;
};
export const NOTHING: Cut = {
  events: new Set(),
  waits: new Set(),
  faults: new Set(),
};

export type Line = { at: number; text: string };

export type Story = {
  seed: number;
  /** The time at which it begins, in ms since the epoch. */
  start: number;
  lines: Line[];
  /** Of the misfortunes, in order. */
  faults: Fate["drawn"];
  /** transition, call or crash -> how often; see coverage.ts */
  counts: Map<string, number>;
  violation: Violation | Error | null;
  /** Number of events that were played before it ended. */
  played: number;
};

/** Plays a seed. A violation ends it and is part of the story. */
export async function simulate(
  seed: number,
  cut: Cut = NOTHING,
): Promise<Story> {
  const dice = Dice.of(seed, "plan");
  const world = new World(seed, cut.faults);
  const mode = dice.pick(MODES);
  const stage = await Stage.open(world, mode);
  const watch = new Watch(world, disk, (userId) => stage.changed(userId));
  const story: Story = {
    seed,
    start: world.clock.start,
    lines: [],
    faults: world.fate.drawn,
    counts: new Map(),
    violation: null,
    played: 0,
  };
  story.lines.push({ at: 0, text: `the server runs ${JSON.stringify(mode)}` });
  try {
    await play(stage, watch, story, cut, dice);
  } catch (error) {
    story.violation = error instanceof Error ? error : new Error(String(error));
  }
  count(story, stage, watch);
  await stage.close();
  return story;
}

/** Between events, in ms: within a call, between two, over a lease. */
const WAITS = [
  ...[0, 0, 0, 10, 300, 300, 300, 2_000, 2_000, 2_000],
  ...[5_000, 5_000, 15_000, 70_000],
];

/** How the server runs mutations. */
const MODES = [
  {},
  {},
  {},
  { concurrency: "optimistic" },
  { concurrency: "retrying" },
  { interleave: true },
  { deploymentClass: "smallest" },
] as const;

async function play(
  stage: Stage,
  watch: Watch,
  story: Story,
  cut: Cut,
  plan: Dice,
): Promise<void> {
  const { world, clock } = stage;
  const tell = (text: string) =>
    story.lines.push({ at: clock.now() - clock.start, text });
  const visitors = USERS.map((name) => new Visitor(stage, name, TABS));
  const weather: Weather = {
    remote: plan.pick([0, 0.05, 0.15, 0.3]),
    worker: plan.pick([0, 0.01, 0.04]),
    net: plan.pick([0, 0.1]),
  };
  world.skew = plan.pick([0, 0, -10 * MINUTE, 10 * MINUTE]);
  const eye = plan.pick(EYES);
  world.fate.weather = { ...weather, ...(eye && { eye: eye.on }) };
  const weights = weightsOf(stage, eye?.with ?? []);
  for (let i = 0; i < EVENTS_PER_RUN; i++) {
    const dice = Dice.of(story.seed, `event ${i}`);
    const name = dice.weighted(weights);
    const visitor = dice.pick(visitors);
    const open = visitor.tabs.filter((tab) => tab.open);
    const tab = dice.pick(open.length > 0 ? open : visitor.tabs);
    const wait = dice.pick(WAITS);
    story.played = i;
    // What is left out neither happens nor draws anything.
    if (!cut.events.has(i)) {
      const scene = { stage, visitors, dice, visitor, tab };
      tell((await EVENTS[name]?.happen(scene)) ?? name);
    }
    await pass(stage, watch, cut.waits.has(i) ? 0 : wait, tell);
    await visitor.look();
  }
  world.fate.weather = FAIR;
  stage.calm();
  tell(`all misfortune ends (commit ${stage.ts})`);
  await comeToRest(stage, watch, visitors, tell);
  const dice = Dice.of(story.seed, "afterwards");
  await new Afterwards(stage, watch, visitors, dice, tell).play();
}

/** Lets time pass in pieces, so that what is overdue shows. */
async function pass(
  stage: Stage,
  watch: Watch,
  ms: number,
  tell: (text: string) => void,
): Promise<void> {
  const { crashed } = stage;
  await stage.pass(ms);
  for (const where of stage.crashed.slice(crashed.length)) {
    tell(`the server went down ${where}, and came up again`);
  }
  watch.overdue();
}

/** The longest any wait of the lifecycle may last, with time for what follows it. */
const REST = 45;
/** And that one turn may last. */
const TURN = 36;
/** For so long it must then stay as it is. */
const STILL = 3;

async function comeToRest(
  stage: Stage,
  watch: Watch,
  visitors: Visitor[],
  tell: (text: string) => void,
): Promise<void> {
  let still = 0;
  // What waits in a conversation has its time after what is before it.
  const limit = REST + TURN * watch.turns.queue();
  for (let minute = 1; ; minute++) {
    await pass(stage, watch, MINUTE, tell);
    for (const visitor of visitors) {
      await visitor.look();
      await visitor.watch();
    }
    const problem = checkLiveness(watch, stage.world, disk);
    still = problem || stage.world.outstanding > 0 ? 0 : still + 1;
    if (still >= STILL) break;
    if (minute >= limit && problem) throw new Violation(problem);
  }
  for (const visitor of visitors) visitor.remember();
  tell(`all is at rest (commit ${stage.ts})`);
}

/** What misfortune may have an eye on in a run, and the events that lead there. */
const EYES: ({ on: Route; with: string[] } | null)[] = [
  ...Array<null>(14).fill(null),
  { on: "create", with: ["remove"] },
  { on: "start", with: ["stop", "start"] },
  { on: "stop", with: ["stop", "start"] },
  { on: "delete", with: ["remove"] },
  { on: "recover", with: ["sandbox breaks", "start"] },
  { on: "recover", with: ["sandbox breaks", "replace"] },
  { on: "POST /keep", with: ["replace", "resume replace"] },
  { on: "POST /restore", with: ["replace", "resume replace"] },
  { on: "upload", with: ["replace", "cancel replace", "remove", "vanish"] },
  { on: "get", with: ["replace", "cancel replace", "sandbox breaks"] },
  { on: "PUT /config", with: ["stop", "start"] },
  { on: "POST /skills", with: ["launch", "remove"] },
  { on: "POST /turns", with: ["say", "stop a turn"] },
  { on: "POST /turns/stop", with: ["say", "stop a turn"] },
];

/** By how much those are more frequent then. */
const OFTEN = 4;

function weightsOf(stage: Stage, often: string[]): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const [name, { weight, needs }] of Object.entries(EVENTS)) {
    const there = needs === undefined || stage.has(needs);
    const times = often.includes(name) ? OFTEN : 1;
    weights[name] = there ? weight * times : 0;
  }
  return weights;
}

function count(story: Story, stage: Stage, watch: Watch): void {
  const add = (kind: string, counts: ReadonlyMap<string, number>) => {
    for (const [key, number] of counts) {
      story.counts.set(`${kind}|${key}`, number);
    }
  };
  add("call", stage.world.attempts.counts);
  add("move", watch.moves);
  add("crash", stage.crashes);
}
