import { cp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FIXTURES, type Cleanup } from "./backend-harness";

const NODE_MODULES = join(import.meta.dir, "../../node_modules");

/**
 * Where a suite that only speaks through clients finds a fixture: on the
 * embedded backend, or on a real deployment. For that, set
 *
 *   SLIPWAY_CONFORMANCE=replace   because it replaces the deployment's functions
 *   CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY
 *   or CONVEX_URL and CONVEX_DEPLOY_KEY
 *
 * and never those of a deployment that anybody uses.
 */
export async function target(
  cleanup: Cleanup,
  fixture: string,
): Promise<string> {
  const { env } = process;
  if (env["SLIPWAY_CONFORMANCE"] !== "replace") {
    return (await cleanup.backend(fixture)).url;
  }
  const selfHosted =
    env["CONVEX_SELF_HOSTED_ADMIN_KEY"] && env["CONVEX_SELF_HOSTED_URL"];
  const url = selfHosted || (env["CONVEX_DEPLOY_KEY"] && env["CONVEX_URL"]);
  if (!url) {
    throw new Error(
      "SLIPWAY_CONFORMANCE=replace needs CONVEX_SELF_HOSTED_URL and " +
        "CONVEX_SELF_HOSTED_ADMIN_KEY, or CONVEX_URL and CONVEX_DEPLOY_KEY.",
    );
  }
  await deploy(cleanup, fixture);
  return url;
}

async function deploy(cleanup: Cleanup, fixture: string): Promise<void> {
  const project = await cleanup.folder();
  await cp(join(FIXTURES, fixture), join(project, "convex"), {
    recursive: true,
  });
  await symlink(NODE_MODULES, join(project, "node_modules"));
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: fixture, dependencies: { convex: "*" } }),
  );
  const cli = join(NODE_MODULES, "convex/bin/main.js");
  const flags = ["--yes", "--typecheck", "disable", "--codegen", "disable"];
  const done = Bun.spawnSync(["node", cli, "deploy", ...flags], {
    cwd: project,
  });
  if (done.exitCode !== 0) {
    throw new Error(`The fixture was not deployed:\n${String(done.stderr)}`);
  }
}
