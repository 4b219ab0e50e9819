import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCreate } from "../http/create-request";
import { newRecord } from "./new-record";
import { Registry } from "./registry";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-registry-"));
  file = join(folder, "registry.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const one = (id: string) =>
  newRecord(id, parseCreate({}), "bare", null, 60_000);

const modes = () =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]),
  );

test("nobody else reads the file, nor what lies beside it", () => {
  const registry = new Registry(file);
  registry.insert(one("a"));
  const all = {
    "registry.sqlite": "600",
    "registry.sqlite-wal": "600",
    "registry.sqlite-shm": "600",
  };
  expect(modes()).toEqual(all);
  // As an older server left them, and a crash the log.
  for (const name of Object.keys(all)) chmodSync(join(folder, name), 0o644);
  const next = new Registry(file);
  expect(modes()).toEqual(all);
  next.close();
  registry.close();
});

test("what cannot be written is held, and written as soon as it can be", () => {
  const registry = new Registry(file);
  registry.insert(one("a"));
  registry.insert(one("b"));
  const holder = new Database(file);
  holder.run("BEGIN IMMEDIATE");
  expect(() => registry.update("a", { state: "starting" })).toThrow("locked");
  expect(registry.get("a")?.state).toBe("creating");
  for (const id of ["a", "b"]) registry.settle(id, { state: "stopped" });
  expect(registry.get("a")?.state).toBe("stopped");
  expect(() => registry.catchUp()).toThrow("locked");
  holder.run("ROLLBACK");
  holder.close();
  registry.remove("b");
  registry.catchUp();
  registry.close();
  const next = new Registry(file);
  expect(next.all().map(({ id, state }) => [id, state])).toEqual([
    ["a", "stopped"],
  ]);
  next.close();
});
