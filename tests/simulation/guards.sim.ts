import { afterAll, expect, test } from "bun:test";
import { GUARDS } from "./guards";
import { prove, tableOf, type Proof } from "./prove-guards";

/**
 * Without any one of its guards the lifecycle breaks a promise, and what
 * `check` plays notices. Each guard is taken out for the seed or the scene that
 * is known to notice; unbroken, the scenes are played by scenes.sim.ts and the
 * seeds by lifecycle.sim.ts.
 */

const LIMIT = 120_000; // a process and a run, on a busy machine

const proofs = new Map<string, Proof>();

for (const [name, { breaks }] of Object.entries(GUARDS)) {
  test(
    `${name}: without it ${breaks}`,
    async () => {
      const proof = await prove(name);
      proofs.set(name, proof);
      expect(proof.broken).not.toBeNull();
    },
    LIMIT,
  );
}

afterAll(() => {
  const names = Object.keys(GUARDS); // whatever the order of the tests
  console.log(`\n${tableOf(names.flatMap((name) => proofs.get(name) ?? []))}`);
});
