import { ENDS } from "./attempts";
import { REMOTE, STEPS } from "./fate";
import { movesOf } from "./moves";
import { IMPOSSIBLE } from "./reachable";

/** What of all that can happen has happened, and what has not. */

type Counts = ReadonlyMap<string, number>;

/** What scenes come to, however seldom random runs do; keys as theirs. */
let staged: Counts = new Map();
/** The product's mutations that the simulation can come to, by their paths. */
let mutations: readonly string[] = [];

/** Plays the scenes, in a process of their own, for the next report. Throws if one breaks a promise. */
export async function countScenes(): Promise<void> {
  const cmd = [process.execPath, `${import.meta.dir}/scenes/count.ts`];
  const child = Bun.spawn({ cmd, stdout: "pipe", stderr: "pipe" });
  const [text, words, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`A scene breaks a promise.\n${words}`);
  const come = JSON.parse(text) as {
    counts: Record<string, number>;
    mutations: string[];
  };
  staged = new Map(Object.entries(come.counts));
  mutations = come.mutations;
}

/**
 * Prints the tables: transitions by the fault that led there, steps by fault by
 * how the worker ended, and where the server went down. True if nothing that
 * can happen is missing.
 */
export function report(all: Record<string, number>): boolean {
  const counts = new Map(Object.entries(all));
  const zeros = [
    ...transitions(counts),
    ...attempts(counts),
    ...crashes(counts),
  ];
  console.log(
    zeros.length === 0
      ? "\nNo zero: all that can happen has happened."
      : `\n${zeros.length} zeros:\n${zeros.map((zero) => `  ${zero}`).join("\n")}`,
  );
  return zeros.length === 0;
}

function transitions(counts: Counts): string[] {
  const rows = movesIn(counts);
  print("transitions by the fault of the call that led there", rows);
  const missing = [...movesOf()].filter((move) => !rows.has(move)).sort();
  return unseen("transitions", missing, movesIn(staged));
}

function movesIn(counts: Counts): Table {
  return tally(counts, "move", ([move, fault]) => [move, fault]);
}

function attempts(counts: Counts): string[] {
  const ofStep = tally(counts, "call", ([step, , fault]) => [step, fault]);
  const ofEnd = tally(counts, "call", ([step, , , end]) => [step, end]);
  print("steps by fault", ofStep);
  print("steps by how their worker ended", ofEnd);
  const zeros: string[] = [];
  for (const [step, route] of Object.entries(STEPS)) {
    for (const fault of ["none", ...REMOTE[route]]) {
      for (const end of ENDS) {
        if (end === "died in a call" || end === "report refused") continue;
        const name = `${step}: ${route} ${fault}, ${end}`;
        const count = counts.get(`call|${step}|${route}|${fault}|${end}`) ?? 0;
        if (count === 0 && !isImpossible(name)) zeros.push(name);
      }
    }
    for (const fault of ["die before", "die after"]) {
      const name = `${step}: ${route} ${fault}`;
      const key = `call|${step}|${route}|${fault}|died in a call`;
      if (!counts.get(key) && !isImpossible(name)) zeros.push(name);
    }
  }
  return zeros;
}

/** The points at which the server may go down in a mutation. */
const POINTS = ["begin", "call", "before commit", "after commit"];

function crashes(counts: Counts): string[] {
  const by = (cell: Cell) => tally(counts, "crash", cell);
  const rows = by(([at, kind, path]) => [`${kind} ${path}`, at]);
  print("where the server went down", rows);
  const points = by(pointOf);
  const missing = mutations
    .flatMap((path) => POINTS.map((at) => `down at ${at} of mutation ${path}`))
    .filter((point) => !points.has(point));
  return unseen(
    "points of a server's going down",
    missing,
    tally(staged, "crash", pointOf),
  );
}

const pointOf: Cell = ([at, kind, path]) => [
  `down at ${at} of ${kind} ${path}`,
];

/** What neither scenes came to nor is known as impossible; what only scenes came to is named. */
function unseen(title: string, missing: string[], inScenes: Table): string[] {
  const only = missing.filter((name) => inScenes.has(name));
  if (only.length > 0) {
    console.log(`\n${title} that only scenes came to\n  ${only.join("\n  ")}`);
  }
  return missing.filter((name) => !inScenes.has(name) && !isImpossible(name));
}

function isImpossible(name: string): boolean {
  return IMPOSSIBLE.some(({ what }) => what.test(name));
}

type Table = Map<string, Map<string, number>>;
/** The row and the column of a key's parts. */
type Cell = (parts: string[]) => (string | undefined)[];

function tally(counts: Counts, kind: string, cell: Cell): Table {
  const table: Table = new Map();
  for (const [key, count] of counts) {
    const [first, ...parts] = key.split("|");
    if (first !== kind) continue;
    const [row = "", column = ""] = cell(parts);
    const cells = table.get(row) ?? new Map<string, number>();
    cells.set(column, (cells.get(column) ?? 0) + count);
    table.set(row, cells);
  }
  return new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function print(title: string, table: Table): void {
  console.log(`\n${title}`);
  for (const [row, cells] of table) {
    const columns = [...cells].sort(([a], [b]) => (a < b ? -1 : 1));
    const text = columns.map(([name, count]) => `${name} ${count}`).join(", ");
    console.log(`  ${row}: ${text}`);
  }
}
