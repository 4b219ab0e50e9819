import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Part } from "./child";
import { Supervisor } from "./supervisor";

test("a part that is stopped before it is ready has not failed, and none is started after", async () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-supervisor-"));
  const script = join(dir, "part.mjs");
  writeFileSync(script, "setInterval(() => {}, 1000)");
  const part = (name: string): Part => ({
    ...{ name, runtime: "bun", args: [script], cwd: dir },
    env: { PATH: process.env.PATH },
  });
  const supervisor = new Supervisor(dir);
  const outcomes: string[] = [];
  const start = (name: string) =>
    void supervisor.start(part(name)).then(
      () => outcomes.push(`${name} is ready`),
      (error: Error) => outcomes.push(error.message),
    );
  start("first");
  const { first } = supervisor.pids();
  expect(first).toBeGreaterThan(0);
  const stopping = supervisor.stop();
  start("second");
  await stopping;
  expect(outcomes).toEqual([]);
  expect(supervisor.pids()).toEqual({ first });
  expect(readdirSync(dir)).not.toContain("second.log");
  rmSync(dir, { recursive: true });
});
