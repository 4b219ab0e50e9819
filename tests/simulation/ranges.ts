import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { hire } from "./crew";
import { report } from "./coverage";
import { tell } from "./tell";
import type { Range, Result } from "./worker";

/** Seeds that one message to a worker covers: a stop loses no more than these. */
const RANGE = 20;

type Options = {
  from: number;
  runs: number;
  jobs: number;
  /** Where finished ranges are noted; null for nowhere. */
  state: string | null;
  /** Whether a zero in the coverage is a failure. */
  strict: boolean;
};

/** Plays the seeds that are not noted as played yet; true if every invariant held. */
export async function runRanges(options: Options): Promise<boolean> {
  const code = codeOf();
  const done = read(options.state, code);
  const known = new Map(done.map((result) => [result.from, result]));
  const ranges: Range[] = [];
  const end = options.from + options.runs;
  for (let from = options.from; from < end; from += RANGE) {
    const runs = Math.min(RANGE, end - from);
    if (known.get(from)?.runs !== runs) ranges.push({ from, runs });
  }
  const before = [...known.values()].filter(
    ({ from }) => from >= options.from && from < end,
  );
  const results = [...before];
  const already = before.reduce((sum, { runs }) => sum + runs, 0);
  if (already > 0) console.log(`${already} runs are noted as done already.`);
  const began = performance.now();
  let played = 0;
  let told = began;
  let broken: Result["broken"] = null;
  const crew = await hire(Math.min(options.jobs, ranges.length));
  await crew.play(ranges, (result) => {
    played += result.runs;
    results.push(result);
    broken ??= result.broken;
    if (!result.broken) note(options.state, code, result);
    if (performance.now() - told > 10_000) {
      told = performance.now();
      console.log(progress(played + already, options.runs, played, began));
    }
    return broken === null;
  });
  await crew.close();
  console.log(progress(played + already, options.runs, played, began));
  if (broken !== null) {
    await tell((broken as { seed: number }).seed);
    return false;
  }
  const whole = report(results.map(({ counts }) => counts));
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

type Noted = Result & { code: string };

function read(state: string | null, code: string): Result[] {
  if (state === null || !existsSync(state)) return [];
  return readFileSync(state, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Noted)
    .filter((noted) => noted.code === code);
}

function note(state: string | null, code: string, result: Result): void {
  if (state === null) return;
  mkdirSync(dirname(state), { recursive: true });
  appendFileSync(state, `${JSON.stringify({ ...result, code })}\n`);
}

/** Names the code that was run: what was noted of other code counts for nothing. */
function codeOf(): string {
  const hash = createHash("sha256");
  const root = `${import.meta.dir}/../..`;
  for (const folder of ["convex", "tests/simulation"]) {
    const files = new Bun.Glob("**/*.ts").scanSync(`${root}/${folder}`);
    for (const file of [...files].sort()) {
      if (/\.(test|sim)\.ts$/.test(file)) continue;
      hash.update(file).update(readFileSync(`${root}/${folder}/${file}`));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
