import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../../sandboxd/snapshot";
import { testSnapshot } from "./sandboxd-harness";

// Seconds, and minutes where others keep the machine busy: a virtual environment
// with pip in it is made for each try, and the agent for the first run of all.
setDefaultTimeout(240_000);

const dir = await mkdtemp(join(tmpdir(), "slipway-snapshots-"));
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The builder as its own process, as `bun start` runs it. */
async function build(env: Record<string, string>, ...args: string[]) {
  const script = join(import.meta.dir, "../../sandboxd/snapshot.ts");
  const child = Bun.spawn([process.execPath, script, "--dir", dir, ...args], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [answer, progress] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited).toBe(0);
  return { snapshot: JSON.parse(answer) as Snapshot, progress };
}

test("without Python it is made without the agent and says what to do", async () => {
  const env = { SLIPWAY_PYTHON: "/no/such/python" };
  // A name of its own: the other tests here leave a snapshot that is like it.
  const make = () => build(env, "--name", "no-python");
  const { snapshot, progress } = await make();
  expect(snapshot.agent).toMatchObject({ ok: false });
  expect(JSON.stringify(snapshot.agent)).toContain("apt-get install");
  expect(progress).toContain("without the agent");
  const root = join(snapshot.path, "root");
  expect((await readdir(root)).sort()).toEqual([
    "agent.json",
    "package.json",
    "sandboxd.js",
  ]);
  expect((await make()).snapshot.reused).toBe(true);
});

test("without PyPI it is made without the agent, and the next call tries again", async () => {
  const env = {
    PIP_INDEX_URL: "http://127.0.0.1:1/simple",
    PIP_RETRIES: "0",
    PIP_NO_CACHE_DIR: "1",
    UV_NO_CACHE: "1",
    UV_HTTP_RETRIES: "0",
  };
  for (const _ of [1, 2]) {
    const { snapshot } = await build(env);
    expect(snapshot).toMatchObject({ agent: { ok: false }, reused: false });
    expect(JSON.stringify(snapshot.agent)).toContain("PyPI is reachable");
  }
  expect(await readdir(join(dir, ".agents"))).toEqual([]);
});

test("leftovers of dead builds go; what is kept or not ours stays", async () => {
  const env = { SLIPWAY_PYTHON: "/no/such/python" };
  const { snapshot } = await build(env);
  await rm(snapshot.path, { recursive: true });
  const names = [
    ".building-999999999-x", // no such process
    "slipway-000000000000",
    "slipway-111111111111",
    "mine",
  ];
  for (const name of names) await mkdir(join(dir, name), { recursive: true });
  await build(env, "--keep", "slipway-111111111111");
  const left = await readdir(dir);
  expect(left).toContain("slipway-111111111111");
  expect(left).toContain("mine");
  expect(left).toContain(snapshot.name);
  expect(left).not.toContain(".building-999999999-x");
  expect(left).not.toContain("slipway-000000000000");
});

test("with the agent: found again in a moment, readable for everybody", async () => {
  const made = await testSnapshot();
  expect(made.agent).toMatchObject({ ok: true, version: "0.19.0" });
  const again = await testSnapshot();
  expect(again).toMatchObject({ name: made.name, reused: true });
  const walk = await readdir(made.path, { recursive: true });
  expect(walk.length).toBeGreaterThan(5_000);
  for (const path of walk.filter((_, at) => at % 50 === 0)) {
    const { mode } = await stat(join(made.path, path));
    expect(mode & 0o044).toBe(0o044);
  }
  // Where it was built is in no compiled file: it moves to /opt/slipway.
  const pyc = walk.filter((path) =>
    /\/api_server\.cpython-3\d+\.pyc$/.test(path),
  );
  expect(pyc).not.toBeEmpty();
  for (const path of pyc) {
    const content = await Bun.file(join(made.path, path)).bytes();
    const text = Buffer.from(content).toString("latin1");
    expect(text).toContain("/opt/slipway/venv/lib");
    expect(text).not.toContain(".building-");
  }
});
