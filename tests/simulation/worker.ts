import { applyGuard } from "./break-guard";
import { installWorld } from "./stand-ins";

/**
 * A process that plays the ranges of seeds it is sent and answers what came of
 * each. With the name of a guard it first takes that guard out of the functions
 * it loads.
 */

export type Range = { from: number; runs: number };

export type Result = Range & {
  ms: number;
  counts: Record<string, number>;
  /** The first seed that broke an invariant, and which. */
  broken: { seed: number; invariant: string } | null;
};

const guard = process.argv[2];
if (guard !== undefined) applyGuard(guard);
installWorld();
const { simulate } = await import("./run");

async function play({ from, runs }: Range): Promise<Result> {
  const began = performance.now();
  const counts: Record<string, number> = {};
  let broken: Result["broken"] = null;
  let seed = from;
  for (; seed < from + runs && broken === null; seed++) {
    const story = await simulate(seed);
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

let last = Promise.resolve();
process.on("message", (range: Range) => {
  last = last.then(async () => {
    process.send?.(await play(range));
  });
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
