import { hire } from "./crew";
import { GUARDS, type Guard } from "./guards";

/** Takes guards out, each in a process of its own, and plays the scene that notices. */

export type Proof = {
  guard: string;
  /** The promise that is broken without it, or null: nobody noticed. */
  broken: string | null;
};

/**
 * Takes each of the guards out in turn; prints the table, and of the seeds from
 * 1 to `seeds` the first that notices, too. True if every one was caught by its
 * scene.
 */
export async function proveGuards(
  jobs: number,
  names: readonly string[],
  seeds: number,
): Promise<boolean> {
  const proofs = new Map<string, Proof>();
  const left = names[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (const name of left) {
        const proof = await prove(name);
        proofs.set(name, proof);
        const seed = seeds > 0 ? await firstSeed(name, seeds) : null;
        console.log(
          `${proof.broken ? "caught" : "NOT CAUGHT"}: ${name}` +
            (seed === null ? "" : `, and by seed ${seed}`),
        );
      }
    }),
  );
  console.log(`\n${tableOf(names.flatMap((name) => proofs.get(name) ?? []))}`);
  return [...proofs.values()].every(({ broken }) => broken !== null);
}

/** Plays the scene that notices, without the guard. */
export async function prove(name: string): Promise<Proof> {
  const { scene } = guardOf(name);
  const crew = await hire(1, name);
  try {
    return { guard: name, broken: await crew.show(scene) };
  } finally {
    await crew.close();
  }
}

/** The first of the seeds from 1 to `seeds` that notices the guard's absence, or null. */
async function firstSeed(name: string, seeds: number): Promise<number | null> {
  const crew = await hire(1, name);
  let first: number | null = null;
  try {
    await crew.play([{ from: 1, runs: seeds }], ({ broken }) => {
      first = broken?.seed ?? null;
      return true;
    });
    return first;
  } finally {
    await crew.close();
  }
}

/** The table of docs/simulation.md. */
export function tableOf(proofs: readonly Proof[]): string {
  const rows = proofs.map(({ guard, broken }) => [
    ...rowOf(guard),
    broken ?? "**not caught**",
  ]);
  return [HEAD, HEAD.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

const HEAD = [
  "guard",
  "what removing it breaks",
  "scene",
  "invariant that catches it",
];

/** What the table says of a guard before anybody proves it. */
export function rowOf(name: string): string[] {
  const guard = guardOf(name);
  const behind = guard.behind ? ` (with: ${guard.behind})` : "";
  return [`${name}${behind}`, guard.breaks, guard.scene];
}

function guardOf(name: string): Guard {
  const guard = GUARDS[name];
  if (!guard) throw new Error(`There is no guard named "${name}".`);
  return guard;
}
