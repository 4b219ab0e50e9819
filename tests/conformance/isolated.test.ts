import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isolated } from "../isolated";

const ROOT = join(import.meta.dir, "../..");
const example = readFileSync(join(ROOT, ".env.example"), "utf8");
const settings = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(
  ([, name = ""]) => name,
);

test("no setting of whoever runs the tests reaches them", () => {
  const theirs = Object.fromEntries(settings.map((name) => [name, "theirs"]));
  expect(settings).toContain("DAYTONA_API_KEY");
  const left = Object.keys(isolated({ ...theirs, PATH: "/bin" }));
  expect(left.sort()).toEqual([
    "PATH",
    "SLIPWAY_BACKEND_CLASS",
    "SLIPWAY_PYTHON",
    "SLIPWAY_SNAPSHOTS_DIR",
  ]);
});

test("nor those that were set when they were started", async () => {
  const { default: bunfig } = await import("../../bunfig.toml");
  const [preload] = (bunfig as { test: { preload: string[] } }).test.preload;
  const child = Bun.spawn(
    [
      ...[process.execPath, "--no-env-file", "--preload", String(preload)],
      ...["-e", "console.log(process.env.DAYTONA_API_KEY ?? 'none')"],
    ],
    { cwd: ROOT, env: { ...process.env, DAYTONA_API_KEY: "theirs" } },
  );
  expect((await new Response(child.stdout).text()).trim()).toBe("none");
});
