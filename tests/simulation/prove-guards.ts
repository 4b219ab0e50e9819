import { hire } from "./crew";
import { GUARDS } from "./guards";
import type { Range, Result } from "./worker";

/** The seeds each guard must be missed in, at the latest: those that `check` plays. */
export const CHECK_SEEDS: Range = { from: 1, runs: 60 };

/** Takes each guard out in turn; true if every one was missed. */
export async function proveGuards(
  jobs: number,
  word: string,
): Promise<boolean> {
  const names = Object.keys(GUARDS).filter((name) => name.includes(word));
  const rows: string[] = [];
  let all = true;
  const left = names[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (const name of left) {
        const { seed, invariant } = await missed(name);
        all &&= invariant !== null;
        const row = `| ${name} | ${GUARDS[name]?.breaks} | ${seed} | ${invariant ?? "**not caught**"} |`;
        console.log(row);
        rows.push(row);
      }
    }),
  );
  rows.sort();
  console.log(`\n| guard | what removing it breaks | seed | invariant |`);
  console.log(`| --- | --- | --- | --- |\n${rows.join("\n")}`);
  return all;
}

async function missed(
  name: string,
): Promise<{ seed: number; invariant: string | null }> {
  const crew = await hire(1, name);
  let broken: Result["broken"] = null;
  // Those that are known to notice come first.
  const first = GUARDS[name]?.seeds ?? [];
  const ranges = [...first.map((from) => ({ from, runs: 1 })), CHECK_SEEDS];
  try {
    await crew.play(ranges, (result) => {
      broken ??= result.broken;
      return broken === null;
    });
  } finally {
    await crew.close();
  }
  const found = broken as Result["broken"];
  return { seed: found?.seed ?? 0, invariant: found?.invariant ?? null };
}
