import { expect, test } from "bun:test";
import { join } from "node:path";
import { ROOT } from "./start/options";

/** A script that is asked for what there is not. */

test.each([
  ["scripts/check.ts", ["bogus"], "lint"],
  ["scripts/check.ts", ["lint", "bogus"], "browser tests"],
  ["scripts/simulate.ts", ["--guards", "zzznope"], "\n  "],
  ["scripts/simulate.ts", ["zzznope"], "--guards"],
  ["scripts/simulate.ts", ["--runs", "x"], "--runs"],
  ["scripts/simulate.ts", ["--jobs", "0"], "from 1"],
  ["scripts/simulate.ts", ["--seed", "abc"], "--seed"],
  ["scripts/simulate.ts", ["--from", "1.5"], "--from"],
  ["scripts/simulate.ts", ["--guards", "--seeds", ""], "--seeds"],
  ["scripts/simulate.ts", ["--seed"], "--strict"],
  ["scripts/faults.ts", ["--only", "zzznope"], "\n  "],
  ["scripts/faults.ts", ["--pairs", "-1"], "--pairs"],
  ["scripts/crash.ts", ["--cycles", "none"], "--cycles"],
  ["tests/bench/harness.ts", ["--help"], "--json"],
  ["tests/bench/harness.ts", ["bogus"], "sandbox"],
])("%s %p ends with 2 and names %j", (script, args, named) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync({
    cmd: [process.execPath, join(ROOT, script), ...args],
    cwd: ROOT,
  });
  expect(stderr.toString()).toContain(named);
  expect(stdout.toString()).toBe("");
  expect(exitCode).toBe(2);
});
