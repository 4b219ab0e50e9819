import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freshRuntime } from "./runtime-folder";
import { controlSocket } from "./sockets";

let folder: string;
const made: string[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "rt-test-"))));
afterEach(() => {
  for (const one of [folder, ...made.splice(0)]) {
    rmSync(one, { recursive: true, force: true });
  }
});

function fresh(data: string): string {
  mkdirSync(data, { recursive: true });
  const runtime = freshRuntime(data, false);
  made.push(runtime);
  // The longest path that is used there.
  const control = controlSocket(join(runtime, "0123456789ab.sock"));
  control.release();
  return runtime;
}

test("an ordinary user's is kept with the data, where nobody cleans up", () => {
  const first = fresh(folder);
  expect(dirname(first)).toBe(folder);
  // The first server was killed, one before it even sooner: their successor
  // removes what they left.
  mkdirSync(join(folder, "rt-before"));
  const second = fresh(folder);
  expect(existsSync(first)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith("rt-"))).toEqual([
    second.slice(folder.length + 1),
  ]);
  expect(readFileSync(join(folder, "runtime"), "utf8")).toBe(second);
});

test("where an address would spell its path otherwise, it is elsewhere", () => {
  const runtime = fresh(join(folder, "My Projects"));
  expect(runtime.startsWith(folder)).toBe(false);
});

test("where a socket's path would be too long there, it is elsewhere", () => {
  const longest = (length: number) =>
    join(folder, "x".repeat(length - folder.length - 1));
  const fits = longest(
    107 - "/0123456789ab.sock.new".length - "/rt-123456".length,
  );
  expect(dirname(fresh(fits))).toBe(fits);
  const data = `${fits}y`;
  const runtime = fresh(data);
  expect(runtime.startsWith(folder)).toBe(false);
  expect(readdirSync(data)).toEqual(["runtime"]);
});
