/**
 * Regenerates convex/_generated without a deployment. Run it after adding,
 * renaming or removing a module under convex/, and commit what it writes.
 */
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
process.exit(convex.exitCode);
