import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import type { Limits } from "./limits";

/** What a group can hold; the rest is reported as held by weaker means. */
export type Controller = "pids" | "cpu" | "memory";

/** The part of a control-group tree that is ours. */
export interface Cgroups {
  version: 1 | 2;
  controllers: Controller[];
  make(name: string, limits: Limits): Cgroup;
  /** Once all sandboxes are gone. */
  close(): Promise<void>;
}

/** The group of one running sandbox. */
export interface Cgroup {
  /** Moves a process, and so all it will start, into the group. */
  add(pid: number): void;
  processes(): number[];
  /**
   * Once every process of it has been waited for. One with a process in it after
   * all stays, for close.
   *
   * @param withinMs how long the kernel has to let go of the last one
   */
  remove(withinMs?: number): Promise<void>;
}

const CONTROLLERS: readonly Controller[] = ["pids", "cpu", "memory"];
const PREFIX = "slipway-sb-";
const PERIOD_US = 100_000;
/** The kernel takes a process out of its group after its parent heard of its end: 20 ms on a busy machine. */
const RELEASE_MS = 1_000;
const V1_MEMORY =
  "the memory controller of version 1 is left alone: whoever runs this machine may be using it";

/**
 * Finds what this host lets us use; null when that is nothing. Tried by doing
 * it: that a file can be opened does not say that the kernel takes the value.
 *
 * @param word tells servers of one process apart
 * @param root where the kernel's tree is; tests show another one
 * @param wanted of a version 2 tree; tests name one that their kernel has there
 */
export function openCgroups(
  word: string,
  root = "/sys/fs/cgroup",
  own = readOwn(),
  wanted: readonly string[] = CONTROLLERS,
): Cgroups | null {
  const name = `${PREFIX}${process.pid}-${word}`;
  try {
    return existsSync(join(root, "cgroup.controllers"))
      ? openV2(join(root, own[""] ?? "/"), name, wanted)
      : openV1(root, own, name);
  } catch (error) {
    // Not ours to write, or busy: any errno means "no cgroups here".
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  }
}

/** Why memory is not among the controllers, for /health. */
export function memoryNote(groups: Cgroups | null): string {
  if (groups === null) return "no cgroup may be written here";
  return groups.version === 1
    ? V1_MEMORY
    : "the group has no memory controller";
}

function openV2(
  base: string,
  name: string,
  wanted: readonly string[],
): Cgroups {
  const ours = join(base, name);
  sweepDead(base);
  mkdirSync(ours, { recursive: true });
  const enable = (folder: string): Controller[] => {
    const has = read(join(folder, "cgroup.controllers")).split(/\s+/);
    const known = wanted.filter((c) => has.includes(c)) as Controller[];
    const words = known.map((c) => `+${c}`).join(" ");
    if (words) writeFileSync(join(folder, "cgroup.subtree_control"), words);
    return known;
  };
  let controllers: Controller[];
  try {
    // Fails with EBUSY where processes live in `base` itself, as in a container
    // or a plain user session: then nothing is given to us.
    enable(base);
    controllers = enable(ours);
    if (controllers.length === 0) throw nothing();
  } catch (error) {
    sweep(ours);
    throw error;
  }
  return {
    version: 2,
    controllers,
    make(child, limits) {
      const group = groupAt([join(ours, child)]);
      const set = (controller: Controller, file: string, value: string) => {
        if (!controllers.includes(controller)) return;
        writeFileSync(join(ours, child, file), value);
      };
      set("pids", "pids.max", String(limits.processes));
      set("cpu", "cpu.max", `${quota(limits)} ${PERIOD_US}`);
      set("memory", "memory.max", String(limits.memoryMiB * 1024 * 1024));
      // All of it dies together: half a sandbox helps nobody.
      set("memory", "memory.oom.group", "1");
      return group;
    },
    close: () => release([ours]),
  };
}

const nothing = () =>
  Object.assign(new Error("no controller"), { code: "ENOENT" });

function openV1(
  root: string,
  own: Record<string, string>,
  name: string,
): Cgroups | null {
  const found: { controller: Controller; folder: string }[] = [];
  for (const controller of ["pids", "cpu"] as const) {
    const folder = join(root, controller, own[controller] ?? "/", name);
    if (!existsSync(join(root, controller, "cgroup.procs"))) continue;
    sweepDead(dirname(folder));
    mkdirSync(folder, { recursive: true });
    found.push({ controller, folder });
  }
  const cpu = found.find(({ controller }) => controller === "cpu")?.folder;
  // All sandboxes together weigh what the machine's cores do, so that they
  // cannot crowd out the server, and are not starved beside a busy host.
  if (cpu) writeFileSync(join(cpu, "cpu.shares"), `${1024 * cpus().length}`);
  if (found.length === 0) return null;
  return {
    version: 1,
    controllers: found.map(({ controller }) => controller),
    make(child, limits) {
      const group = groupAt(found.map(({ folder }) => join(folder, child)));
      for (const { controller, folder } of found) {
        const [file, value] =
          controller === "pids"
            ? ["pids.max", limits.processes]
            : ["cpu.cfs_quota_us", quota(limits)];
        writeFileSync(join(folder, child, file), String(value));
      }
      return group;
    },
    close: () => release(found.map(({ folder }) => folder)),
  };
}

const quota = ({ cpuCores }: Limits) => Math.round(cpuCores * PERIOD_US);

function groupAt(folders: string[]): Cgroup {
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  return {
    add(pid) {
      for (const folder of folders) {
        try {
          writeFileSync(join(folder, "cgroup.procs"), String(pid));
        } catch (error) {
          // It has ended meanwhile: there is nothing left to hold.
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
    },
    processes() {
      const [first = ""] = folders;
      if (!existsSync(first)) return [];
      return read(join(first, "cgroup.procs"))
        .split("\n")
        .filter(Boolean)
        .map(Number);
    },
    remove: (withinMs) => release(folders, withinMs),
  };
}

async function release(
  folders: string[],
  withinMs = RELEASE_MS,
): Promise<void> {
  const until = performance.now() + withinMs;
  for (const folder of folders) {
    while (!sweep(folder) && performance.now() < until) await Bun.sleep(2);
  }
}

/** What servers that were killed left: each folder names its process. */
function sweepDead(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) sweep(join(base, name));
  }
}

/** A group is removed by rmdir. @returns false for one with a process in it: it stays */
function sweep(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) sweep(join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EBUSY" && code !== "ENOTEMPTY") throw error;
    return false;
  }
}

/** Our own place: controller ("" is version 2) -> path. */
function readOwn(): Record<string, string> {
  const lines = read("/proc/self/cgroup").trim().split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, names = "", ...path] = line.split(":");
      return names.split(",").map((name) => [name, path.join(":")]);
    }),
  );
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}
