import { applyGuard } from "./break-guard";
import { installWorld } from "./stand-ins";

/**
 * A process that plays the ranges of seeds and the scenes it is sent, and answers
 * what came of each. With the name of a guard it first takes that guard out of the functions
 * it loads.
 */

export type Range = { from: number; runs: number };

export type Result = Range & {
  ms: number;
  counts: Record<string, number>;
  /** The first seed that broke an invariant, and which. */
  broken: { seed: number; invariant: string } | null;
};

/** What came of a scene: the promise that it broke, or null. */
export type Played = { scene: string; promise: string | null };

const guard = process.argv[2];
if (guard !== undefined) applyGuard(guard);
installWorld({ direct: true });
const { simulate } = await import("./run");
const { SCENES } = await import("./scenes");
const { playScene } = await import("./scenes/play");

async function play({ from, runs }: Range): Promise<Result> {
  const began = performance.now();
  const counts: Record<string, number> = {};
  let broken: Result["broken"] = null;
  let seed = from;
  for (; seed < from + runs && broken === null; seed++) {
    const story = await orEndless(simulate(seed));
    if (story === null) {
      broken = { seed, invariant: "the run does not end" };
      break;
    }
    for (const [key, count] of story.counts) {
      counts[key] = (counts[key] ?? 0) + count;
    }
    if (story.violation !== null) {
      broken = { seed, invariant: story.violation.message };
    }
  }
  const ms = performance.now() - began;
  return { from, runs: seed - from, ms, counts, broken };
}

/** Hundreds of times what a run takes, in ms of the real clock. */
const ENDLESS = 180_000;

/** What a run comes to, or null if it never does. */
async function orEndless<T>(run: Promise<T>): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ENDLESS);
  try {
    return await Promise.race([run, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function show(name: string): Promise<Played> {
  const scene = SCENES[name];
  if (!scene) throw new Error(`There is no scene named "${name}".`);
  return { scene: name, promise: (await playScene(scene))?.message ?? null };
}

let last = Promise.resolve();
process.on("message", (what: Range | { scene: string }) => {
  last = last.then(async () => {
    process.send?.("scene" in what ? await show(what.scene) : await play(what));
  });
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
