import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { sourcesOfRuns } from "./sources";

/**
 * What has been played of the code as it is: so a long run that was stopped goes
 * on, and its coverage is of all of it.
 */
export type Played = {
  /** Of the sources, see `codeOf`. */
  code: string;
  /** Seeds [from, end), ascending, apart. */
  ranges: [from: number, end: number][];
  /** See coverage.ts. */
  counts: Record<string, number>;
};

/** What was noted of other code counts for nothing. */
export function readPlayed(file: string | null): Played {
  const code = codeOf();
  const none: Played = { code, ranges: [], counts: {} };
  if (file === null || !existsSync(file)) return none;
  const played = JSON.parse(readFileSync(file, "utf8")) as Played;
  return played.code === code ? played : none;
}

/** Whole or not at all. */
export function writePlayed(file: string | null, played: Played): void {
  if (file === null) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(played));
  renameSync(`${file}.new`, file);
}

export function addPlayed(
  played: Played,
  result: { from: number; runs: number; counts: Record<string, number> },
): void {
  for (const [key, count] of Object.entries(result.counts)) {
    played.counts[key] = (played.counts[key] ?? 0) + count;
  }
  const all = [...played.ranges, [result.from, result.from + result.runs]];
  all.sort(([a = 0], [b = 0]) => a - b);
  played.ranges = [];
  for (const [from = 0, end = 0] of all) {
    const last = played.ranges.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], end);
    else played.ranges.push([from, end]);
  }
}

/** The parts of [from, end) that have not been played, at most `size` seeds each. */
export function* unplayed(
  { ranges }: Played,
  from: number,
  end: number,
  size: number,
): Generator<{ from: number; runs: number }> {
  let next = from;
  for (const [first, last] of [...ranges, [end, end] as const]) {
    while (next < Math.min(first, end)) {
      const runs = Math.min(size, first - next, end - next);
      yield { from: next, runs };
      next += runs;
    }
    next = Math.max(next, last);
  }
}

/** Names the code that was run. */
function codeOf(): string {
  const hash = createHash("sha256");
  for (const file of sourcesOfRuns()) {
    hash.update(file).update(readFileSync(`${import.meta.dir}/../../${file}`));
  }
  return hash.digest("hex").slice(0, 16);
}
