import { cpSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Native, so it stays out of the bundle. */
const PTY = "@lydell/node-pty";

/**
 * Makes the folder that is mounted read-only inside: the supervisor, bundled
 * into one plain file, and the terminal module it loads when one is opened.
 */
export async function buildSupervisor(folder: string): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../supervisor/main.ts")],
    target: "node",
    // Node loads CommonJS some milliseconds faster, at every start.
    format: "cjs",
    external: [PTY],
  });
  const [output] = built.outputs;
  if (!output) throw new Error("the supervisor did not build");
  mkdirSync(folder);
  await Bun.write(join(folder, "supervisor.cjs"), output);
  const from = createRequire(import.meta.url);
  const binary = `${PTY}-linux-${process.arch}`;
  for (const name of [PTY, binary]) {
    const source = dirname(from.resolve(`${name}/package.json`));
    const target = join(folder, "node_modules", name);
    // dereference: some installers link packages to a store of theirs.
    cpSync(source, target, { recursive: true, dereference: true });
  }
  // For whichever user a sandbox runs as, whatever our umask.
  Bun.spawnSync(["chmod", "-R", "a+rX", folder]);
}
