import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What runs are made of: what they may come to, and the files that decide what happens there. */

/**
 * The product's modules whose functions no run calls: lookups of skills, settings,
 * tickets, and what is asked over HTTP alone. The stage's server has none of them,
 * so a run that comes to one fails.
 */
export const ELSEWHERE =
  /^(health|http|settings|skills|strangers|tickets|users)\.ts$|^(model|relay)\/|^node\/(reach|skills)\.ts$/;

const ROOT = join(import.meta.dir, "../..");

/** Files of random runs: scenes, guards, tests and the coverage only look at them. */
const NO_PART =
  /\.(test|sim|d)\.ts$|fixtures\/|scenes\/|guards|reachable|coverage/;

/** Every file that decides how a run goes, in order. */
export function sourcesOfRuns(): string[] {
  const modules = filesIn("convex").filter(
    (file) => !ELSEWHERE.test(file.slice("convex/".length)),
  );
  const own = ["emulators/backend", "tests/simulation"].flatMap(filesIn);
  return [...withImports([...modules, ...own])].sort();
}

function filesIn(folder: string): string[] {
  const files = new Bun.Glob("**/*.ts").scanSync(join(ROOT, folder));
  return [...files]
    .map((file) => `${folder}/${file}`)
    .filter((file) => !NO_PART.test(file));
}

/** These and what they import, and so on, of the project's own. */
function withImports(entries: string[]): Set<string> {
  const found = new Set(entries);
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  for (const file of found) {
    const text = readFileSync(join(ROOT, file), "utf8");
    for (const { path } of transpiler.scanImports(text)) {
      const imported = join(dirname(file), `${path}.ts`);
      const ours = path.startsWith(".") && !NO_PART.test(imported);
      if (ours && existsSync(join(ROOT, imported))) found.add(imported);
    }
  }
  return found;
}
