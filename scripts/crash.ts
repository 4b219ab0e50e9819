import { crashCycles } from "../tests/conformance/backend-crash";
import { Cleanup } from "../tests/conformance/backend-harness";
import { readFlags, wholeNumber } from "./usage";

/**
 * `bun run crash [--cycles 1000] [--seed TEXT]`: kills the embedded backend
 * under load that many times, and checks after each restart that no
 * acknowledged write is lost and no half transaction is seen.
 */
const { values } = readFlags({
  options: {
    cycles: { type: "string", default: "1000" },
    seed: { type: "string", default: crypto.randomUUID() },
  },
});
const cycles = wholeNumber("--cycles", values.cycles, 1);

const cleanup = new Cleanup();
const EVERY = 50;
console.log(`${cycles} cycles of kill -9, seed ${values.seed}`);
try {
  const outcome = await crashCycles(
    cleanup,
    cycles,
    values.seed,
    (cycle, transfers) => {
      if (cycle % EVERY === 0) {
        console.log(`${cycle} cycles, ${transfers} transfers, all there`);
      }
    },
  );
  console.log(
    `${outcome.cycles} cycles: ${outcome.acknowledged} acknowledged of ` +
      `${outcome.transfers} transfers, ${outcome.resent} sent again; none ` +
      `lost, none twice, none half.`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await cleanup.run();
}
