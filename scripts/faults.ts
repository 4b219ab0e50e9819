import { parseArgs } from "node:util";
import {
  matrix,
  nameOf,
  pair,
  type Case,
} from "../tests/e2e/harness/fault-matrix";
import { Scene } from "../tests/e2e/harness/life";

/**
 * `bun run faults [--pairs 50] [--seed 1] [--only TEXT] [--hurry MS]`: starts
 * the whole product and lets every fault of the sandbox emulator befall every
 * request it makes, in turn; then random pairs of them. `--only`, once or more,
 * runs the cases whose name contains TEXT; `--seed S --pairs 1` repeats the pair S.
 */
const { values } = parseArgs({
  options: {
    pairs: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    hurry: { type: "string" },
  },
});
const seed = Number(values.seed);
const pairs = Number(values.pairs ?? 50);
const options = values.hurry ? { hurry: Number(values.hurry) } : {};
if (![seed, pairs, options.hurry ?? 0].every(Number.isInteger)) {
  throw new Error("--pairs, --seed and --hurry are whole numbers.");
}

type Planned = { name: string; repeat: string; what: Case };

const singles = matrix(options).map((what): Planned => {
  const name = nameOf(what);
  return { name, repeat: `--only "${name}" --pairs 0`, what };
});
const drawn = Array.from({ length: pairs }, (_, n): Planned => {
  const what = pair(seed + n, options);
  const name = `pair ${seed + n}, ${nameOf(what)}`;
  return { name, repeat: `--seed ${seed + n} --pairs 1`, what };
});
// A pair by its seed alone is run alone.
const asked =
  values.pairs === "1" && !values.only ? drawn : [...singles, ...drawn];
const { only } = values;
const planned = only
  ? asked.filter(({ name }) => only.some((part) => name.includes(part)))
  : asked;

const hurry = values.hurry ? ` --hurry ${values.hurry}` : "";
const failures: string[] = [];
const scene = await Scene.open();
try {
  for (const { name, repeat, what } of planned) {
    try {
      const { outcome, ms } = await scene.play(what);
      console.log(`${seconds(ms)}  ${outcome.padEnd(22)} ${name}`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      failures.push(name);
      console.log(`FAILED  ${name}\n  ${words}`);
      console.log(`  again: bun run faults ${repeat}${hurry}`);
    }
  }
} finally {
  await scene.close();
}
console.log(`${planned.length} cases, ${failures.length} failed.`);
process.exitCode = failures.length > 0 ? 1 : 0;

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(7);
}
