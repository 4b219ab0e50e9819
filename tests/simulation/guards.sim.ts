import { afterAll, expect, test } from "bun:test";
import { GUARDS } from "./guards";
import { prove, rowOf, tableOf, type Proof } from "./prove-guards";

/**
 * Without any one of its guards the lifecycle breaks a promise: each is taken
 * out, in a process of its own, for the scene that is known to notice.
 * Unbroken, the scenes are played by scenes.sim.ts.
 */

test("the table in the docs names every guard, and what notices", async () => {
  const docs = `${import.meta.dir}/../../docs/simulation.md`;
  const lines = (await Bun.file(docs).text()).split("\n");
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  const told = new Set(rows.map((cells) => cells.slice(1, 4).join(" | ")));
  const missing = Object.keys(GUARDS)
    .map((name) => rowOf(name).join(" | "))
    .filter((row) => !told.has(row));
  expect(missing).toEqual([]);
});

const LIMIT = 120_000; // a process and a scene, on a busy machine

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
