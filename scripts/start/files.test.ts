import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogFile } from "./logfile";
import { choosePorts } from "./ports";
import { contentHash } from "./prepare";
import { keepSecrets } from "./secrets";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "slipway-files-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("secrets are made once, for their owner's eyes", () => {
  const made = keepSecrets(dir);
  expect(made.sealKeys).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
  expect(keepSecrets(dir)).toEqual(made);
  expect(statSync(join(dir, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("damaged secrets are not replaced", () => {
  writeFileSync(join(dir, "secrets.json"), '{"sealKeys":');
  expect(() => keepSecrets(dir)).toThrow("damaged");
  expect(readFileSync(join(dir, "secrets.json"), "utf8")).toBe('{"sealKeys":');
});

test("ports are remembered while they are free, and different from one another", async () => {
  const first = await choosePorts(dir, ["a", "b", "c"]);
  expect(new Set(Object.values(first)).size).toBe(3);
  expect(await choosePorts(dir, ["a", "b", "c"])).toEqual(first);

  const other = createServer();
  await new Promise<void>((done) => other.listen(first.b, "127.0.0.1", done));
  try {
    const second = await choosePorts(dir, ["a", "b", "c"]);
    expect(second).toMatchObject({ a: first.a, c: first.c });
    expect(second.b).not.toBe(first.b);
  } finally {
    other.close();
  }
});

test("a log starts anew when it is full, keeping one older file", () => {
  const log = new LogFile(join(dir, "x.log"), 200);
  for (let n = 0; n < 20; n += 1) log.write(`line ${n}`);
  expect(statSync(join(dir, "x.log")).size).toBeLessThanOrEqual(200);
  expect(existsSync(join(dir, "x.log.1"))).toBe(true);
  expect(existsSync(join(dir, "x.log.2"))).toBe(false);
  expect(log.tail(2)).toEqual(["line 18", "line 19"]);
});

test("a log on a full disk loses lines to the file, and throws nothing", () => {
  symlinkSync("/dev/full", join(dir, "x.log"));
  const log = new LogFile(join(dir, "x.log"));
  log.write("one");
  log.write("two");
  expect(log.tail()).toEqual(["one", "two"]);
});

test("the hash of a build follows content and names, and leaves tests out", () => {
  writeFileSync(join(dir, "a.ts"), "1");
  const before = contentHash(["."], dir);
  writeFileSync(join(dir, "a.test.ts"), "2");
  expect(contentHash(["."], dir)).toBe(before);
  writeFileSync(join(dir, "a.ts"), "3");
  expect(contentHash(["."], dir)).not.toBe(before);
});
