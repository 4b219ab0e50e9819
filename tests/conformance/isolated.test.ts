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

test("but for the suites against a service that is there, asked for in so many words", () => {
  const theirs = { DAYTONA_API_KEY: "k", CONVEX_ADMIN_KEY: "c", CLERK_X: "" };
  const left = (asked: Record<string, string>) =>
    Object.keys(isolated({ ...theirs, ...asked })).filter((n) => n in theirs);
  expect(left({ SLIPWAY_CONFORMANCE_DAYTONA: "1" })).toEqual([
    "DAYTONA_API_KEY",
  ]);
  expect(left({ SLIPWAY_CONFORMANCE: "replace" })).toEqual([
    "CONVEX_ADMIN_KEY",
  ]);
  expect(left({ SLIPWAY_CONFORMANCE_DAYTONA: "0" })).toEqual([]);
  expect(left({ SLIPWAY_CONFORMANCE: "" })).toEqual([]);
});

test("nor those that were set when they were started", async () => {
  const { default: bunfig } = await import("../../bunfig.toml");
  const [preload] = (bunfig as { test: { preload: string[] } }).test.preload;
  const child = Bun.spawn(
    [
      ...[process.execPath, "--no-env-file", "--preload", String(preload)],
      ...["-e", "console.log(process.env.DAYTONA_API_KEY ?? 'none')"],
    ],
    { cwd: ROOT, env: { PATH: process.env.PATH, DAYTONA_API_KEY: "theirs" } },
  );
  expect((await new Response(child.stdout).text()).trim()).toBe("none");
});
