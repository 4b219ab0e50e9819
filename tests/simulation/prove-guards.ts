import { hire } from "./crew";
import { GUARDS, type Guard } from "./guards";

/** Takes guards out, each in a process of its own, and asks what they are known to be missed in. */

export type Proof = {
  guard: string;
  /** The promise that is broken without it, or null: nobody noticed. */
  broken: string | null;
  /** Of playing, in ms, without the start of its process. */
  ms: number;
};

/** Takes each guard whose name has `word` in it out in turn; prints the table. True if every one was missed. */
export async function proveGuards(
  jobs: number,
  word: string,
): Promise<boolean> {
  const names = Object.keys(GUARDS).filter((name) => name.includes(word));
  const proofs = new Map<string, Proof>();
  const left = names[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (const name of left) {
        const proof = await prove(name);
        proofs.set(name, proof);
        console.log(`${proof.broken ? "missed" : "NOT MISSED"}: ${name}`);
      }
    }),
  );
  console.log(`\n${tableOf(names.flatMap((name) => proofs.get(name) ?? []))}`);
  return [...proofs.values()].every(({ broken }) => broken !== null);
}

/** Plays what a guard is known to be missed in, without the guard. */
export async function prove(name: string): Promise<Proof> {
  const guard = guardOf(name);
  const crew = await hire(1, name);
  try {
    if ("scene" in guard) {
      const { broken, ms } = await crew.show(guard.scene);
      return { guard: name, broken, ms };
    }
    const proof: Proof = { guard: name, broken: null, ms: 0 };
    await crew.play([{ from: guard.seed, runs: 1 }], ({ broken, ms }) => {
      Object.assign(proof, { broken: broken?.invariant ?? null, ms });
      return true;
    });
    return proof;
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
  "seed or scene",
  "invariant that catches it",
];

/** What the table says of a guard before anybody proves it. */
export function rowOf(name: string): string[] {
  const guard = guardOf(name);
  const behind = guard.behind ? ` (with: ${guard.behind})` : "";
  const by = "scene" in guard ? guard.scene : `seed ${guard.seed}`;
  return [`${name}${behind}`, guard.breaks, by];
}

function guardOf(name: string): Guard {
  const guard = GUARDS[name];
  if (!guard) throw new Error(`There is no guard named "${name}".`);
  return guard;
}
