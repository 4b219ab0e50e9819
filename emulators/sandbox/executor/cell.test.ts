import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EgressPolicy } from "../egress/policy";
import { BARE } from "../snapshots";
import { Executor } from "./executor";
import { DEFAULT_LIMITS } from "./limits";
import { isReachable } from "./staging";

let data: string;
let executor: Executor;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "sandbox-cell-"));
  executor = await Executor.open(data, DEFAULT_LIMITS, EgressPolicy.none());
  if (!executor.isolation.ok) throw new Error(executor.isolation.reason);
});
afterAll(async () => {
  await executor.close();
  rmSync(data, { recursive: true, force: true });
});

const start = (id: string, entrypoint: string[] = [], by = executor) =>
  by.start({
    id,
    hostUid: by.allotUid(),
    snapshot: { ...BARE, entrypoint },
    env: {},
    networkBlockAll: true,
    ready: null,
  });

test("the end of the lifeline ends all of it, even what ignores signals", async () => {
  const cell = await start("lifeline", [
    "/bin/sh",
    "-c",
    "trap '' TERM HUP INT; echo ready; while :; do sleep 1; done",
  ]);
  // What the server's death does, without the server dying.
  void cell.lifeline.end();
  await cell.ended;
  await expect(cell.fetch("/probe")).rejects.toThrow();
});

test("all of it is in its group, from the first process on", async () => {
  for (let i = 0; i < 5; i++) {
    const cell = await start(`group-${i}`, ["/bin/sleep", "1000"]);
    const descent = cell.descent();
    // bwrap, its child, the supervisor, the entrypoint.
    expect(descent.length).toBeGreaterThanOrEqual(4);
    expect(new Set(cell.processes())).toEqual(new Set(descent));
    await cell.kill();
    await cell.ended;
  }
});

test("kill is over when everything is dead, and says what was printed", async () => {
  const cell = await start("killed", ["/bin/echo", "printed"]);
  while (!cell.log.toString().includes("printed")) await Bun.sleep(5);
  await cell.kill();
  await cell.ended;
  expect(cell.log.toString()).toContain("printed\n");
});

test("a home on a disk is never shown as an empty folder", async () => {
  const own = mkdtempSync(join(tmpdir(), "sandbox-disk-"));
  const none = EgressPolicy.none();
  const before = await Executor.open(own, DEFAULT_LIMITS, none);
  try {
    const cell = await start("kept", [], before);
    await cell.kill();
    await before.close();
    // Where they cannot be mounted any more; a plain folder goes on as one.
    const how = { ownDisks: false };
    const after = await Executor.open(own, DEFAULT_LIMITS, none, how);
    const again = start("kept", [], after).then(
      async (folder) => {
        await folder.kill();
        return "started";
      },
      (error: Error) => error.message,
    );
    expect(await again).toContain(
      before.ownDisks === true ? "is a disk, which cannot" : "started",
    );
    await after.close();
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});

test("a folder others may not enter hides all below it", () => {
  expect(isReachable("/usr/bin/env")).toBe(true);
  chmodSync(data, 0o700);
  expect(isReachable(join(data, "sandboxes"))).toBe(false);
  chmodSync(data, 0o711);
  expect(isReachable(join(data, "sandboxes"))).toBe(true);
});
