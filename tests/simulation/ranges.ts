import { hire } from "./crew";
import { report } from "./coverage";
import { addPlayed, readPlayed, unplayed, writePlayed } from "./played";
import { tell } from "./tell";
import type { Result } from "./worker";

/** Seeds that one message to a worker covers. */
const RANGE = 20;

/** How often it is told and noted how far it is, in ms: a stop loses no more. */
const EVERY = 10_000;

type Options = {
  from: number;
  runs: number;
  jobs: number;
  /** Where it is noted what has been played; null for nowhere. */
  state: string | null;
  /** Whether a zero in the coverage is a failure. */
  strict: boolean;
};

/** Plays the seeds that are not noted as played yet; true if every invariant held. */
export async function runRanges(options: Options): Promise<boolean> {
  const { from, runs, state } = options;
  const known = readPlayed(state);
  const ranges = [...unplayed(known, from, from + runs, RANGE)];
  const left = ranges.reduce((sum, range) => sum + range.runs, 0);
  const already = runs - left;
  if (already > 0) console.log(`${already} runs are noted as done already.`);
  const began = performance.now();
  let played = 0;
  let told = began;
  let broken: Result["broken"] = null;
  const tellAndNote = () => {
    told = performance.now();
    writePlayed(state, known);
    console.log(progress(played + already, runs, played, began));
  };
  const crew = await hire(Math.min(options.jobs, ranges.length));
  await crew.play(ranges, (result) => {
    played += result.runs;
    broken ??= result.broken;
    if (!result.broken) addPlayed(known, result);
    if (performance.now() - told > EVERY) tellAndNote();
    return broken === null;
  });
  await crew.close();
  tellAndNote();
  if (broken !== null) {
    await tell((broken as { seed: number }).seed);
    return false;
  }
  const whole = report(known.counts);
  return whole || !options.strict;
}

function progress(
  done: number,
  of: number,
  played: number,
  began: number,
): string {
  const perSecond = played / ((performance.now() - began) / 1_000);
  return `${done} of ${of} runs, ${perSecond.toFixed(1)} runs/s`;
}
