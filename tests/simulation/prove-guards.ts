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
  const guard = GUARDS[name];
  if (!guard) throw new Error(`There is no guard named "${name}".`);
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
  const rows = proofs.map(({ guard, broken }) => {
    const known = GUARDS[guard];
    const behind = known?.behind ? ` (with: ${known.behind})` : "";
    return `| ${guard}${behind} | ${known?.breaks} | ${noticedBy(known)} | ${broken ?? "**not caught**"} |`;
  });
  return [
    "| guard | what removing it breaks | seed or scene | invariant that catches it |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function noticedBy(guard: Guard | undefined): string {
  if (!guard) return "";
  return "scene" in guard ? guard.scene : `seed ${guard.seed}`;
}
