/**
 * `bun run check`: everything that must hold before a change goes in, and what
 * CI runs. Keeps going after a stage that failed. Its last line is
 * `N passed, N failed`; it exits with 1 when anything failed, and with 2 when
 * there is no such stage.
 *
 *   bun run check [word]...   only the stages whose name contains a word
 */
import { failed, STAGES, type Outcome, type Stage } from "./check/stages";
import { askHereDirectly } from "./start/proxies";
import { complain, dim, say, seconds, step } from "./start/terminal";
import { chosen } from "./usage";

askHereDirectly(process.env);
const startedAt = performance.now();
const names = STAGES.map(({ name }) => name);
const wanted = new Set(chosen("stage", names, process.argv.slice(2)));
const total = { passed: 0, failed: 0, skipped: 0 };

for (const stage of STAGES) {
  if (!wanted.has(stage.name)) continue;
  const outcome = await attempt(stage);
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped += outcome.skipped;
  if (outcome.failed > 0 && stage.needed) {
    complain("The other stages need this one.");
    break;
  }
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
say(dim(`in ${seconds(performance.now() - startedAt)}${skipped}`));
say(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);

async function attempt(stage: Stage): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await step(
      stage.name,
      (progress) => stage.run(progress),
      ({ said }) => said,
      ({ failed: count }) => count === 0,
    );
  } catch (error) {
    outcome = failed(
      "",
      error instanceof Error ? error.message : String(error),
    );
  }
  if (outcome.failed > 0) say(`${outcome.output.trimEnd()}\n`);
  return outcome;
}
