import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EgressPolicy } from "../egress/policy";
import { BARE } from "../snapshots";
import { Executor } from "./executor";
import { findTools, NODE_INSIDE } from "./host";
import { DEFAULT_LIMITS } from "./limits";

const usual = process.env.PATH;
let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "sandbox-host-"))));
afterEach(() => {
  process.env.PATH = usual;
  rmSync(home, { recursive: true, force: true });
});

test("of a Node in a person's own folder a sandbox sees the program alone", async () => {
  const system = findTools();
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "secret"), "of its owner");
  writeFileSync(join(home, "bin", "other"), "");
  const node = join(home, "bin", "node");
  copyFileSync(Bun.which("node") ?? system.node, node);
  process.env.PATH = `${join(home, "bin")}:${usual}`;
  expect(findTools()).toMatchObject({ node: NODE_INSIDE, nodeFile: node });

  const data = join(home, "data");
  mkdirSync(data);
  const executor = await Executor.open(
    data,
    DEFAULT_LIMITS,
    EgressPolicy.none(),
  );
  try {
    if (!executor.isolation.ok) throw new Error(executor.isolation.reason);
    const look = "find /opt/node; node -p 'process.execPath'; echo over";
    const cell = await executor.start({
      ...{ id: "looker", hostUid: executor.allotUid(), env: {}, ready: null },
      snapshot: { ...BARE, entrypoint: ["/bin/sh", "-c", look] },
      networkBlockAll: true,
    });
    while (!cell.log.toString().includes("over\n")) await Bun.sleep(5);
    const seen = cell.log.toString().split("\n");
    expect(seen.filter((line) => line.startsWith("/opt/node"))).toEqual([
      ...["/opt/node", "/opt/node/bin", NODE_INSIDE],
      NODE_INSIDE,
    ]);
    await cell.kill();
    await cell.ended;
  } finally {
    await executor.close();
  }
}, 20_000);
