import { join } from "node:path";

/**
 * Regenerates convex/_generated without a deployment. Run it after adding,
 * renaming or removing a module under convex/, or a component in
 * convex/convex.config.ts, and commit what it writes.
 *
 * Without a deployment the CLI leaves the components out: a deployment analyses
 * them. What it would write is added here, by the same names.
 */
const GENERATED = join(import.meta.dir, "../convex/_generated");
const CONFIG = join(import.meta.dir, "../convex/convex.config.ts");

const convex = Bun.spawnSync(
  [
    "node",
    "node_modules/convex/bin/main.js",
    "codegen",
    "--system-udfs",
    "--typecheck",
    "disable",
  ],
  { stdout: "inherit", stderr: "inherit" },
);
if (convex.exitCode !== 0) process.exit(convex.exitCode);

const IMPORT = /^import (\w+) from "(.+)\/convex\.config(?:\.js)?";$/gm;
const DEFINED = /defineComponent\(\s*"(\w+)"/;

/** Name and package of each mounted component, under the name it gives itself. */
async function mounted(): Promise<{ name: string; from: string }[]> {
  const config = await Bun.file(CONFIG).text();
  const found = [];
  for (const [, binding = "", from = ""] of config.matchAll(IMPORT)) {
    if (!config.includes(`app.use(${binding});`)) {
      throw new Error(
        `convex.config.ts imports ${from}, but there is no app.use(${binding}); ` +
          `codegen knows no other way to mount a component yet.`,
      );
    }
    const file = Bun.resolveSync(`${from}/convex.config`, join(CONFIG, ".."));
    const name = DEFINED.exec(await Bun.file(file).text())?.[1];
    if (name === undefined) throw new Error(`${file} defines no component.`);
    found.push({ name, from });
  }
  return found;
}

async function edit(
  file: string,
  change: (text: string) => string,
): Promise<void> {
  const path = join(GENERATED, file);
  await Bun.write(path, change(await Bun.file(path).text()));
}

const components = await mounted();
if (components.length > 0) {
  await edit(
    "api.js",
    (text) =>
      text.replace("{ anyApi }", "{ anyApi, componentsGeneric }") +
      "export const components = componentsGeneric();\n",
  );
  const types = components.map(
    ({ name, from }) =>
      `  ${name}: import("${from}/_generated/component.js").ComponentApi<"${name}">;\n`,
  );
  await edit(
    "api.d.ts",
    (text) =>
      `${text}\nexport declare const components: {\n${types.join("")}};\n`,
  );
}
