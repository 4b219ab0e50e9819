import {
  matrix,
  nameOf,
  pair,
  type Case,
} from "../tests/e2e/harness/fault-matrix";
import { Scene, type Result } from "../tests/e2e/harness/life";
import { PATIENT } from "../tests/e2e/harness/patient";
import { chosen, readFlags, wholeNumber } from "./usage";

/**
 * `bun run faults [--pairs 50] [--seed 1] [--only TEXT] [--hurry MS]`: starts
 * the whole product and lets every fault of the sandbox emulator befall every
 * request it makes, in turn; then random pairs of them. `--only`, once or more,
 * runs the cases whose name contains TEXT; `--seed S --pairs 1` repeats the pair S.
 * `--patient` plays what takes the lifecycle's own minutes instead.
 */
const { values } = readFlags({
  options: {
    pairs: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
    hurry: { type: "string" },
    patient: { type: "boolean", default: false },
  },
});
const seed = wholeNumber("--seed", values.seed);
const pairs = wholeNumber("--pairs", values.pairs);
const options = values.hurry
  ? { hurry: wholeNumber("--hurry", values.hurry) }
  : {};

type Planned = {
  name: string;
  repeat: string;
  play(scene: Scene): Promise<Result>;
};

const singles = matrix(options).map((what): Planned => {
  const name = nameOf(what);
  return { name, repeat: `--only "${name}" --pairs 0`, play: playing(what) };
});
const drawn = Array.from({ length: pairs }, (_, n): Planned => {
  const what = pair(seed + n, options);
  const name = `pair ${seed + n}, ${nameOf(what)}`;
  return {
    name,
    repeat: `--seed ${seed + n} --pairs 1`,
    play: playing(what),
  };
});
const patient = Object.entries(PATIENT).map(([name, play]): Planned => ({
  name,
  repeat: `--patient --only "${name}"`,
  play: async (scene) => {
    const since = performance.now();
    return { outcome: await play(scene), ms: performance.now() - since };
  },
}));
// A pair by its seed alone is run alone.
const quick =
  pairs === 1 && values.only.length === 0 ? drawn : [...singles, ...drawn];
const asked = values.patient ? patient : quick;
const names = asked.map(({ name }) => name);
const wanted = new Set(chosen("case", names, values.only));
const planned = asked.filter(({ name }) => wanted.has(name));

const hurry = values.hurry ? ` --hurry ${values.hurry}` : "";
const failures: string[] = [];
const scene = await Scene.open();
try {
  for (const { name, repeat, play } of planned) {
    try {
      const { outcome, ms } = await play(scene);
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

function playing(what: Case): Planned["play"] {
  return (scene) => scene.play(what);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(7);
}
