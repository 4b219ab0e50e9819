import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { setDefaultTimeout } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageDefinition } from "../../sandboxd/snapshot/image";
import type { ImageDefinition } from "../../sandboxd/snapshot/image";
import { makeSnapshot } from "../../scripts/snapshot/cloud";
import { API_KEY, failure, PATIENCE_MS, startFixture } from "./sandbox-support";
import type { Fixture } from "./sandbox-support";

setDefaultTimeout(PATIENCE_MS);

const SIZE = { cpu: 1, memory: 2, disk: 5 };

let fixture: Fixture;
let image: ImageDefinition;
beforeAll(async () => {
  fixture = await startFixture();
  image = await imageDefinition(SIZE);
});
afterEach(() => fixture.server.reset());
afterAll(() => fixture.close());

const account = () => ({ apiUrl: fixture.server.url, apiKey: API_KEY });

async function make(options = {}) {
  const words: string[] = [];
  const say = (line: string) => void words.push(line);
  const work = makeSnapshot(account(), image, { say, pollMs: 20, ...options });
  return { outcome: await work, words };
}

const pace = (build: number) =>
  fixture.operator("POST", "/__behaviour", { pace: { build } });

/** The command as people run it. */
async function command(env: Record<string, string>, ...args: string[]) {
  const script = join(import.meta.dir, "../../scripts/snapshot.ts");
  const { DAYTONA_API_KEY: _, ...rest } = process.env;
  const child = Bun.spawn([process.execPath, script, ...args], {
    env: { ...rest, ...env },
    // Where no .env.local gives it a key.
    cwd: tmpdir(),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { out, err, code: await child.exited };
}

test("made with what its steps say, and found again", async () => {
  await pace(1_500);
  const first = await make();
  expect(first.outcome).toBe("made");
  const said = first.words.join("\n");
  expect(said).toContain(`Creating snapshot ${image.name} (pending)`);
  expect(said).toContain("FROM node:22-bookworm-slim");
  expect(said).toContain(`Created snapshot ${image.name} (active)`);
  const there = await fixture.daytona.snapshot.get(image.name);
  expect(there).toMatchObject({ state: "active", cpu: 1, mem: 2, disk: 5 });
  expect(there.entrypoint).toEqual(image.entrypoint);
  const again = await make();
  expect(again).toEqual({ outcome: "already there", words: [] });
  // What was only recorded is no place to run a skill in.
  const refused = await failure(
    fixture.daytona.create({ snapshot: image.name }),
  );
  expect(refused.statusCode).toBe(400);
  expect(refused.message).toContain("builds no images");
});

test("of two at once one builds, and both are told it is there", async () => {
  await pace(1_000);
  const both = await Promise.all([make(), make()]);
  expect(both.map(({ outcome }) => outcome)).toEqual(["made", "made"]);
  const { items } = await fixture.daytona.snapshot.list();
  expect(items.filter(({ name }) => name === image.name)).toHaveLength(1);
});

test("one that failed is told, and made anew by the next run", async () => {
  await fixture.operator("POST", "/__faults", [
    { route: "POST /snapshots", kind: "build-fails" },
  ]);
  const failed = await failure(make());
  expect(failed.name).toBe("SnapshotError");
  expect(failed.message).toContain("the last step ended with 1");
  const next = await make();
  expect(next.outcome).toBe("made");
  expect(next.words.join("\n")).toContain("An earlier build failed");
});

test("one that was put to rest is woken, not built again", async () => {
  await make();
  const { id } = await fixture.daytona.snapshot.get(image.name);
  await fetch(`${fixture.server.url}/snapshots/${id}/deactivate`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  const woken = await make();
  expect(woken.outcome).toBe("activated");
  expect(woken.words.join("\n")).toContain("waking it");
  const there = await fixture.daytona.snapshot.get(image.name);
  expect(there).toMatchObject({ id, state: "active" });
});

test("an answer that is lost does not lose the build", async () => {
  await fixture.operator("POST", "/__faults", [
    { route: "POST /snapshots", kind: "reset-after" },
  ]);
  expect((await make()).outcome).toBe("made");
});

test("refusals say what to do: a wrong key, nobody there, no patience left", async () => {
  const say = () => {};
  const wrong = { ...account(), apiKey: "wrong" };
  const refused = await failure(makeSnapshot(wrong, image, { say }));
  expect(refused.message).toContain("401");
  expect(refused.message).toContain("dashboard/keys");
  const nowhere = { ...account(), apiUrl: "http://127.0.0.1:1/api" };
  const lost = await failure(makeSnapshot(nowhere, image, { say }));
  expect(lost.message).toContain("no answer");
  await pace(60_000);
  const body = { name: image.name, imageName: "debian" };
  await fetch(`${fixture.server.url}/snapshots`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify(body),
  });
  const early = await failure(make({ limitMs: 0 }));
  expect(early.message).toContain("Gave up waiting");
});

test("the name follows the content: size counts, packing does not", async () => {
  expect((await imageDefinition(SIZE)).name).toBe(image.name);
  const larger = await imageDefinition({ ...SIZE, memory: 4 });
  expect(larger.name).not.toBe(image.name);
  expect(image.name).toMatch(/^slipway-[0-9a-f]{12}$/);
});

test("no line or word is too long for a builder, and each file arrives whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-image-test-"));
  try {
    const writing = image.steps.filter((step) => step.includes("base64 -d"));
    expect(writing).toHaveLength(image.files.length);
    for (const step of writing) {
      const lines = step.split("\n").map((line) => line.length);
      expect(Math.max(...lines)).toBeLessThan(65_536);
      // As a builder does: lines that end in a backslash are one, for one sh -c.
      const joined = step.replaceAll("\\\n", "").replace(/^RUN /, "");
      expect(joined.length).toBeLessThan(131_072);
      const script = joined.replaceAll("/opt/slipway", folder);
      const ran = Bun.spawnSync(["/bin/sh", "-c", script]);
      expect(ran.stdout.toString()).toEndWith(": OK\n");
    }
    for (const { path, bytes } of image.files) {
      const name = path.slice("/opt/slipway/".length);
      expect(readFileSync(join(folder, name))).toHaveLength(bytes);
    }
    const daemon = readFileSync(join(folder, "sandboxd.js"));
    const hash = createHash("sha256").update(daemon).digest("hex");
    expect(image.steps.join()).toContain(hash);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("without a key the command says what it would do, and how to get one", async () => {
  const { out, err, code } = await command({});
  expect(code).toBe(0);
  expect(err).toBe("");
  for (const word of [
    ...[
      "name        slipway-",
      "hermes-agent[homeassistant]==0.19.0",
      "sandboxd.js",
    ],
    ...["1 vCPU, 2 GiB memory, 5 GiB disk", "DAYTONA_API_KEY=..."],
    `entrypoint  ${image.entrypoint.join(" ")}`,
  ]) {
    expect(out).toContain(word);
  }
});

test("with one it makes it and prints what to set; a bad option is refused", async () => {
  const env = { DAYTONA_API_KEY: API_KEY, DAYTONA_API_URL: fixture.server.url };
  const made = await command(env);
  expect(made).toMatchObject({ code: 0, err: "" });
  const [, name = ""] = /^SLIPWAY_SNAPSHOT=(\S+)\n$/m.exec(made.out) ?? [];
  expect((await fixture.daytona.snapshot.get(name)).state).toBe("active");
  expect((await command(env)).out).toContain("already there");
  const bad = await command(env, "--cpu", "half");
  expect(bad.code).toBe(1);
  expect(bad.err).toContain("--cpu half");
});
