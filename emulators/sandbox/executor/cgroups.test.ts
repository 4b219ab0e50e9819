import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryNote, openCgroups } from "./cgroups";
import { DEFAULT_LIMITS, heldBy } from "./limits";

// The files of a tree, without the kernel behind them: what is written where.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroups-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const limits = {
  ...DEFAULT_LIMITS,
  processes: 50,
  cpuCores: 1.5,
  memoryMiB: 2,
};
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

test("version 2: all three, and the group dies together", () => {
  mkdirSync(join(root, "own"));
  const all = "cpuset cpu io memory pids";
  writeFileSync(join(root, "cgroup.controllers"), all);
  writeFileSync(join(root, "own/cgroup.controllers"), all);
  const ours = `slipway-sb-${process.pid}-x`;
  mkdirSync(join(root, "own", ours));
  writeFileSync(join(root, "own", ours, "cgroup.controllers"), all);
  const groups = openCgroups("x", root, { "": "/own" });
  expect(groups?.version).toBe(2);
  groups?.make("boot", limits).add(123);
  expect(read("own", ours, "boot/pids.max")).toBe("50");
  expect(read("own", ours, "boot/cpu.max")).toBe("150000 100000");
  expect(read("own", ours, "boot/memory.max")).toBe("2097152");
  expect(read("own", ours, "boot/memory.oom.group")).toBe("1");
  expect(heldBy(groups, true).memoryMiB).toBe("cgroup v2");
  expect(read("own", ours, "cgroup.subtree_control")).toBe(
    "+pids +cpu +memory",
  );
});

/** The kernel's own tree of version 2; beside version 1 it has few controllers. */
function kernelsV2(): string | null {
  const line = /^\S+ (\S+) cgroup2 /m.exec(
    readFileSync("/proc/mounts", "utf8"),
  );
  return line?.[1] ?? null;
}

/** Its tree, where it may be written and has a controller at all: which one. */
async function inKernel(): Promise<{
  tree: string;
  any: string;
  restore: () => void;
} | null> {
  const tree = kernelsV2();
  if (!tree || process.getuid?.() !== 0) return null;
  const available = readFileSync(`${tree}/cgroup.controllers`, "utf8").trim();
  const [any = "none"] = available.split(" ");
  const control = `${tree}/cgroup.subtree_control`;
  const before = readFileSync(control, "utf8").trim().split(" ");
  const restore = () => {
    if (!before.includes(any)) writeFileSync(control, `-${any}`);
  };
  const groups = openCgroups("probe", tree, { "": "/" }, [any]);
  await groups?.close();
  if (groups) restore();
  return groups && { tree, any, restore };
}
const kernel = await inKernel();

test.skipIf(kernel === null)(
  "version 2, by the kernel: a group holds who is put into it, and goes",
  async () => {
    if (!kernel) return;
    const { tree, any, restore } = kernel;
    const groups = openCgroups("kernel", tree, { "": "/" }, [any]);
    if (!groups) throw new Error("There were groups a moment ago.");
    const ours = join(tree, `slipway-sb-${process.pid}-kernel`);
    const child = Bun.spawn(["sleep", "1000"]);
    const group = groups.make("boot", limits);
    try {
      expect(groups.version).toBe(2);
      expect(groups.controllers as string[]).toEqual([any]);
      group.add(child.pid);
      expect(group.processes()).toEqual([child.pid]);
      const where = readFileSync(`/proc/${child.pid}/cgroup`, "utf8");
      expect(where).toContain(`/slipway-sb-${process.pid}-kernel/boot\n`);
      // With somebody in it, it stays, for a later look.
      await group.remove(0);
      expect(group.processes()).toEqual([child.pid]);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
      await group.remove();
      await groups.close();
      restore();
    }
    expect(existsSync(ours)).toBe(false);
    // One that has ended meanwhile is no error.
    await openCgroups("kernel", tree, { "": "/" })?.close();
  },
);

test("version 2 without a controller of use is as good as none, and leaves nothing", () => {
  writeFileSync(join(root, "cgroup.controllers"), "hugetlb rdma");
  const ours = join(root, `slipway-sb-${process.pid}-x`);
  expect(openCgroups("x", root, { "": "/" })).toBeNull();
  expect(existsSync(ours)).toBe(false);
});

test("version 2 where processes live in our own group: nothing is given to us", () => {
  writeFileSync(join(root, "cgroup.controllers"), "cpu memory pids");
  // The kernel answers EBUSY to the write; a folder in its place, EISDIR.
  mkdirSync(join(root, "cgroup.subtree_control"));
  expect(openCgroups("x", root, { "": "/" })).toBeNull();
  expect(existsSync(join(root, `slipway-sb-${process.pid}-x`))).toBe(false);
});

test("version 1: processes and cpu, never the memory controller", () => {
  for (const controller of ["pids", "cpu", "memory"]) {
    mkdirSync(join(root, controller));
    writeFileSync(join(root, controller, "cgroup.procs"), "");
  }
  const groups = openCgroups("x", root, {});
  expect(groups?.controllers).toEqual(["pids", "cpu"]);
  groups?.make("boot", limits).add(123);
  const ours = `slipway-sb-${process.pid}-x/boot`;
  expect(read("pids", ours, "pids.max")).toBe("50");
  expect(read("cpu", ours, "cpu.cfs_quota_us")).toBe("150000");
  expect(read("pids", ours, "cgroup.procs")).toBe("123");
  expect(existsSync(join(root, "memory", ours))).toBe(false);
  expect(heldBy(groups, true).memoryMiB).toStartWith("watched");
  expect(memoryNote(groups)).toContain("left alone");
});

test("what a killed server left is removed, a living one's is not", () => {
  mkdirSync(join(root, "pids"));
  writeFileSync(join(root, "pids/cgroup.procs"), "");
  // Beyond the largest process id there is.
  const dead = join(root, "pids/slipway-sb-99999999-a/boot");
  const living = join(root, `pids/slipway-sb-${process.ppid}-a`);
  for (const path of [dead, living]) mkdirSync(path, { recursive: true });
  openCgroups("x", root, {});
  expect(existsSync(join(root, "pids/slipway-sb-99999999-a"))).toBe(false);
  expect(existsSync(living)).toBe(true);
});

test("no tree, no groups, and it is said", () => {
  expect(openCgroups("x", root, {})).toBeNull();
  expect(heldBy(null, "no").cpuCores).toBe("nothing");
});
