import { readdirSync } from "node:fs";
import { join } from "node:path";
import { chosen, readFlags } from "../../scripts/usage";

/** One measured number, as a budget wants it printed. */
export interface Figure {
  figure: string;
  value: number;
  unit: string;
  /** `value` divided by the reference measured in the same run. */
  ratio: number | null;
  /** What the reference is, in words. */
  against: string | null;
  /** The most the ratio (or, without one, the value) may be; null is no limit. */
  limit: number | null;
  ok: boolean;
}

/** Each tests/bench/NAME.bench.ts exports one as `bench`. */
export interface Bench {
  name: string;
  run(report: (figure: Figure) => void): Promise<void>;
}

/** A figure judged by how it compares to a reference of the same unit. */
export function compared(
  figure: string,
  value: number,
  unit: string,
  reference: { value: number; against: string },
  limit: number | null = null,
): Figure {
  const ratio = value / reference.value;
  const { against } = reference;
  const ok = limit === null || ratio <= limit;
  return { figure, value, unit, ratio, against, limit, ok };
}

/** A figure that stands for itself. */
export function plain(
  figure: string,
  value: number,
  unit: string,
  limit: number | null = null,
): Figure {
  const ok = limit === null || value <= limit;
  return { figure, value, unit, ratio: null, against: null, limit, ok };
}

/**
 * Medians in milliseconds of works done in turns, so that a machine that is
 * busy for a while is so for all of them. The first turn is not counted.
 */
export async function inTurns<K extends string>(
  turns: number,
  works: Record<K, () => Promise<unknown>>,
): Promise<Record<K, number>> {
  const names = Object.keys(works) as K[];
  const took = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn <= turns; turn++) {
    for (const name of names) {
      const from = performance.now();
      await works[name]();
      if (turn > 0) took.get(name)?.push(performance.now() - from);
    }
  }
  const medians = names.map((name) => [name, median(took.get(name) ?? [])]);
  return Object.fromEntries(medians) as Record<K, number>;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? Number.NaN)) / 2;
}

function row(name: string, f: Figure): string {
  const number = (n: number | null, digits: number) =>
    n === null ? "" : n.toFixed(digits);
  return [
    f.ok ? "ok  " : "OVER",
    `${name}: ${f.figure}`.padEnd(32),
    `${number(f.value, f.value < 10 ? 2 : 0)} ${f.unit}`.padStart(12),
    (f.ratio === null ? "" : `${number(f.ratio, 2)} x`).padStart(9),
    (f.limit === null ? "" : `limit ${f.limit}`).padStart(10),
    f.against ? `  against ${f.against}` : "",
  ].join(" ");
}

/** `bun run bench [name]... [--json]`: all of them, or those. */
async function main(): Promise<void> {
  const { values, positionals } = readFlags({
    options: { json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const names = readdirSync(import.meta.dir)
    .flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? [])
    .sort();
  let over = false;
  for (const name of chosen("bench", names, positionals)) {
    const { bench } = (await import(
      join(import.meta.dir, `${name}.bench.ts`)
    )) as { bench: Bench };
    await bench.run((figure) => {
      over ||= !figure.ok;
      console.log(
        values.json
          ? JSON.stringify({ bench: bench.name, ...figure })
          : row(bench.name, figure),
      );
    });
  }
  if (over) process.exitCode = 1;
}

if (import.meta.main) await main();
