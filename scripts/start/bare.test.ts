import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { ROOT } from "./options";

/** Everything a script imports before it does anything, and by whom. */
function importsOf(entry: string): Map<string, string> {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const seen = new Set<string>();
  const packages = new Map<string, string>();
  const todo = [entry];
  for (let file = todo.pop(); file; file = todo.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const source = readFileSync(file, "utf8");
    for (const { path, kind } of transpiler.scanImports(source)) {
      if (kind !== "import-statement") continue;
      if (!path.startsWith(".")) packages.set(path, file);
      else {
        const found = ["", ".ts", "/index.ts"]
          .map((ending) => join(dirname(file), path) + ending)
          .find((name) => existsSync(name) && /\.[a-z]+$/.test(name));
        if (!found)
          throw new Error(`${file} imports ${path}, which is not there.`);
        todo.push(found);
      }
    }
  }
  return packages;
}

test.each(["start", "check"])(
  "bun run %s needs nothing that it has yet to install",
  (name) => {
    const imports = importsOf(join(ROOT, "scripts", `${name}.ts`));
    expect(imports.size).toBeGreaterThan(3);
    const foreign = [...imports].filter(
      ([path]) => !isBuiltin(path) && path !== "bun",
    );
    expect(foreign).toEqual([]);
  },
);
