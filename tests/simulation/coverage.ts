import { ENDS } from "./attempts";
import { REMOTE, STEPS } from "./fate";
import { movesOf } from "./moves";
import { IMPOSSIBLE } from "./reachable";

/** What of all that can happen has happened, and what has not. */

type Counts = ReadonlyMap<string, number>;

/** Transitions that scenes come to, however seldom random runs do. */
const staged = new Set<string>();

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
  const counts = JSON.parse(text) as Record<string, number>;
  for (const key of Object.keys(counts)) staged.add(key.split("|")[0] ?? "");
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
  const rows = tally(counts, "move", ([move, fault]) => [move, fault]);
  print("transitions by the fault of the call that led there", rows);
  const rest = [...movesOf()].filter((move) => !rows.has(move)).sort();
  const inScenes = rest.filter((move) => staged.has(move));
  if (inScenes.length > 0) {
    console.log(
      `\ntransitions that only scenes came to\n  ${inScenes.join("\n  ")}`,
    );
  }
  return rest.filter((move) => !staged.has(move) && !isImpossible(move));
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
  const rows = tally(counts, "crash", ([at, kind, path]) => [
    `${kind} ${path}`,
    at,
  ]);
  print("where the server went down", rows);
  const zeros: string[] = [];
  for (const [name, row] of rows) {
    if (!name.startsWith("mutation")) continue;
    for (const point of POINTS) {
      const what = `down at ${point} of ${name}`;
      if (!row.get(point) && !isImpossible(what)) zeros.push(what);
    }
  }
  return zeros;
}

function isImpossible(name: string): boolean {
  return IMPOSSIBLE.some(({ what }) => what.test(name));
}

type Table = Map<string, Map<string, number>>;

function tally(
  counts: Counts,
  kind: string,
  cell: (parts: string[]) => (string | undefined)[],
): Table {
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
