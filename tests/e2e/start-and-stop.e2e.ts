import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Client, Product, repository, skillMd, until } from "./harness";

let product: Product;

beforeAll(async () => {
  product = await Product.start();
  await repository(product.skillsDir, "kept", "skills", {
    "skills/note/SKILL.md": skillMd("note", "Kept."),
  });
}, 400_000);
afterAll(async () => {
  await product?.stop();
});

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

test("a second start on the same data folder names the first and ends", async () => {
  const { pid } = await product.holder();
  const second = Bun.spawn(
    [process.execPath, "--no-env-file", "scripts/start.ts"],
    {
      cwd: join(import.meta.dir, "../.."),
      env: { ...process.env, PORT: "0", SLIPWAY_DATA_DIR: product.dataDir },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const said = await new Response(second.stderr).text();
  expect(await second.exited).toBe(1);
  expect(said).toContain(product.baseUrl);
  expect(said).toContain(String(pid));
});

test("Ctrl-C ends every process within 5 s, and the next start, within 15 s, has the data", async () => {
  const client = await Client.of(product, "keeper");
  const { launchId } = await client.launchReady("kept/skills/note");
  const { parts } = await product.holder();

  expect(await product.interrupt()).toBeLessThan(5_000);
  expect(Object.values(parts).filter(isAlive)).toEqual([]);

  const since = performance.now();
  await product.resume();
  expect(performance.now() - since).toBeLessThan(15_000);
  expect(await client.ended(launchId)).toMatchObject({ state: "ready" });
});

test("after kill -9 of the supervisor nothing lingers, and the next start works on the same ports", async () => {
  const before = await product.holder();
  const endpoints = (await product.health()).endpoints;

  await product.killSupervisor();

  await until("end of every part", async () =>
    Object.values(before.parts).every((pid) => !isAlive(pid)),
  );
  await product.resume();
  const after = await product.health();
  expect(after.ok).toBe(true);
  expect(after.endpoints).toEqual(endpoints);
});
