/**
 * `bun run simulate`: seeded runs of the lifecycle in a modelled world.
 *
 *   --from N --runs M   the seeds N to N + M - 1 (1 and 1,000)
 *   --jobs J            processes (2)
 *   --state FILE        where it is noted what has been played, so that a run that was
 *                       stopped goes on (.slipway/simulation.json); "none" notes nothing
 *   --seed N            plays one seed and tells its story
 *   --guards [word]...  takes each guard out in turn; a scene must notice
 *   --seeds N           with it: which of the seeds from 1 to N notices, too (0)
 *   --strict            a zero in the coverage fails too
 *
 * Prints the coverage; exits with 1 when an invariant was broken or a guard
 * was not missed, with 2 when it was asked for what there is not.
 */
import { countScenes } from "../tests/simulation/coverage";
import { GUARDS } from "../tests/simulation/guards";
import { readPlayed } from "../tests/simulation/played";
import { proveGuards } from "../tests/simulation/prove-guards";
import { runRanges } from "../tests/simulation/ranges";
import { tell } from "../tests/simulation/tell";
import { chosen, readFlags, refuse, wholeNumber } from "./usage";

const { values, positionals } = readFlags({
  options: {
    from: { type: "string", default: "1" },
    runs: { type: "string", default: "1000" },
    jobs: { type: "string", default: "2" },
    state: { type: "string", default: ".slipway/simulation.json" },
    seed: { type: "string" },
    guards: { type: "boolean", default: false },
    seeds: { type: "string", default: "0" },
    strict: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const number = (name: "from" | "runs" | "jobs" | "seeds", least: number) =>
  wholeNumber(`--${name}`, values[name], least);
const jobs = number("jobs", 1);
const seeds = number("seeds", 0);
const range = { from: number("from", 0), runs: number("runs", 1) };
const seed =
  values.seed === undefined ? null : wholeNumber("--seed", values.seed);
if (!values.guards && positionals.length > 0) {
  refuse(`"${positionals.join(" ")}" says nothing without --guards.`);
}
const guards = chosen("guard", Object.keys(GUARDS), positionals);

console.log(`code ${readPlayed(null).code}`);
if (seed !== null) process.exit((await tell(seed)) ? 0 : 1);
if (!values.guards) await countScenes();
const held = values.guards
  ? await proveGuards(jobs, guards, seeds)
  : await runRanges({
      ...range,
      jobs,
      state: values.state === "none" ? null : values.state,
      strict: values.strict,
    });
process.exit(held ? 0 : 1);
