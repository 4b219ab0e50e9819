import { join } from "node:path";

/** Bundles the supervisor into the one plain file that is mounted inside. */
export async function buildSupervisor(file: string): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../supervisor/main.ts")],
    target: "node",
    // Node loads CommonJS some milliseconds faster, at every start.
    format: "cjs",
  });
  const [output] = built.outputs;
  if (!output) throw new Error("the supervisor did not build");
  await Bun.write(file, output, { mode: 0o644 });
}
