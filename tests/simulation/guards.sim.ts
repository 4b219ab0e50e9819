import { expect, test } from "bun:test";
import { hire } from "./crew";
import { GUARDS } from "./guards";

/**
 * Without any one of its guards the lifecycle breaks a promise, and the seeds
 * that `check` plays notice. Here each guard is taken out for the seed that is
 * known to notice first; `bun run simulate --guards` looks for them anew.
 */

const LIMIT = 120_000; // a process and a run or two, on a busy machine

for (const [name, { breaks, seeds = [] }] of Object.entries(GUARDS)) {
  if (seeds.length === 0) continue; // docs/simulation.md says which these are
  test(
    `${name}: without it ${breaks}`,
    async () => {
      const noticed: string[] = [];
      const crew = await hire(1, name);
      const ranges = seeds.map((from) => ({ from, runs: 1 }));
      await crew.play(ranges, ({ broken }) => {
        if (broken) noticed.push(broken.invariant);
        return true;
      });
      await crew.close();
      expect(noticed).not.toEqual([]);
    },
    LIMIT,
  );
}
