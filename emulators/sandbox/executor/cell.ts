import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileSink, Subprocess } from "bun";
import { IsolationError, messageOf } from "../errors";
import { Ring } from "../supervisor/ring";
import { bwrapCommand, bwrapOptions } from "./bwrap";
import type { Mounts } from "./bwrap";
import type { Cgroup } from "./cgroups";
import type { Tools } from "./host";
import type { Limits } from "./limits";
import { childrenOf, killOne, treeOf, uidsOf } from "./processes";
import { controlSocket } from "./sockets";
import { stageMounts } from "./staging";

const LOG_KEPT = 256 * 1024;
const BOOT_TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 2_000;

export interface CellOptions {
  /** Short unique word for this boot; names its sockets. */
  boot: string;
  /** Folder for sockets, short: a socket's path has 108 bytes at most. */
  runtime: string;
  mounts: Mounts;
  tools: Tools;
  limits: Limits;
  hostUid: number | null;
  /** File with the filter of system calls; null where there is none. */
  filter: string | null;
  /** Removed when all of the sandbox is gone; null where there are none. */
  group: Cgroup | null;
}

/** What its boot tells a sandbox. */
export interface Boot {
  entrypoint: string[];
  env: Record<string, string>;
}

/** One running isolated process tree. */
export interface Cell {
  /** Held for as long as the cell is, lest it be collected and closed. */
  readonly lifeline: FileSink;
  readonly log: Ring;
  /** Resolves once every process of it is gone, whatever ended it. */
  readonly ended: Promise<void>;
  /** HTTP to the supervisor inside. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  readonly socket: string;
  /** Real, effective, saved and file-system user of its first process, as the host sees them. */
  hostUids(): number[];
  /** Host ids of all that descends from it, by the kernel's word. */
  descent(): number[];
  /** Host ids of all that runs in it, bwrap included. */
  processes(): number[];
  /** Why it was ended for outgrowing a limit; null when it was not. */
  overrun: string | null;
  kill(): Promise<void>;
}

/**
 * Starts the supervisor behind its walls. It can be spoken to at once: its
 * socket has been listening since before, so a request just waits.
 */
export function startCell(options: CellOptions): Cell {
  const { runtime, boot, limits, tools, hostUid } = options;
  const socket = join(runtime, `${boot}.sock`);
  const { mounts, wrapper } =
    hostUid === null
      ? { mounts: options.mounts, wrapper: [] }
      : stageMounts(options.mounts, hostUid, join(runtime, "stage"));
  const control = controlSocket(socket);
  const open: number[] = [];
  const held = (fd: number) => (open.push(fd), fd);
  let child: Subprocess<"pipe", "pipe", "pipe">;
  try {
    const args = held(
      argsFile(
        join(runtime, `${boot}.args`),
        bwrapOptions(mounts, limits, options.filter !== null),
      ),
    );
    const filter =
      options.filter === null ? null : held(openSync(options.filter, "r"));
    child = Bun.spawn([...wrapper, ...bwrapCommand(tools, limits)], {
      // Empty: --clearenv does not hide what /proc/1/environ shows.
      env: {},
      cwd: "/",
      // The first is a lifeline: it ends with us, and the supervisor with it.
      // --die-with-parent alone misses a parent that dies before bwrap asks.
      stdio: ["pipe", "pipe", "pipe", null, args, control.fd, filter],
      ...(hostUid !== null && wrapper.length === 0
        ? { uid: hostUid, gid: hostUid }
        : {}),
    }) as Subprocess<"pipe", "pipe", "pipe">;
  } catch (error) {
    rmSync(socket, { force: true });
    throw error;
  } finally {
    open.forEach((fd) => closeSync(fd));
    control.release();
  }
  enclose(child.pid, options.group);
  const log = new Ring(LOG_KEPT);
  const drained = Promise.all([
    keep(child.stdout, log),
    keep(child.stderr, log),
  ]);
  const ended = child.exited.then(async () => {
    await drained;
    rmSync(socket, { force: true });
    await options.group?.remove();
  });
  return {
    lifeline: child.stdin,
    log,
    ended,
    socket,
    fetch: (path, init) =>
      fetch(`http://sandbox${path}`, {
        ...init,
        unix: socket,
        redirect: "manual",
        decompress: false,
        timeout: false,
      } as RequestInit),
    hostUids: () => childrenOf(child.pid).flatMap(uidsOf),
    descent: () => treeOf(child.pid),
    processes: () => options.group?.processes() ?? treeOf(child.pid),
    overrun: null,
    kill: () => killTree(child),
  };
}

/**
 * The first word to a sandbox; its entrypoint is started with it.
 *
 * @throws IsolationError when it does not come up, with what it printed.
 */
export async function bootCell(cell: Cell, boot: Boot): Promise<void> {
  await firstAnswer(cell, "/boot", {
    method: "POST",
    body: JSON.stringify(boot),
  });
}

/** Waits until its supervisor is up. @throws as bootCell does */
export async function awaitCell(cell: Cell): Promise<void> {
  await firstAnswer(cell, "/probe", {});
}

async function firstAnswer(
  cell: Cell,
  path: string,
  init: RequestInit,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
    const answer = await cell.fetch(path, { ...init, signal });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
  } catch (error) {
    await cell.kill();
    const said = cell.log.toString().trim();
    throw new IsolationError(
      `The sandbox did not start: ${said || messageOf(error)}`,
      "If this stays so, restart Slipway: it looks at the host anew.",
    );
  }
}

/**
 * Puts all there is into the group; bwrap may have forked before we got here.
 * Once a whole look finds nobody outside, whoever comes later is born inside.
 */
function enclose(pid: number, group: Cgroup | null): void {
  // What starts forks three times; only one that has ended stays outside longer,
  // and whoever waits for its first answer hears of that.
  for (let round = 0; round < 20; round++) {
    const inside = new Set(group?.processes());
    const outside = treeOf(pid).filter((one) => !inside.has(one));
    if (!group || outside.length === 0) return;
    for (const one of outside) group.add(one);
  }
}

/** bwrap reads its options from here; gone from the folder at once. */
function argsFile(path: string, options: string[]): number {
  try {
    writeFileSync(path, options.map((o) => `${o}\0`).join(""), { mode: 0o600 });
    return openSync(path, "r");
  } finally {
    rmSync(path, { force: true });
  }
}

async function keep(stream: ReadableStream<Uint8Array>, log: Ring) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    log.push(Buffer.from(value));
  }
}

/**
 * Kills the first process inside: the kernel then kills all others of its
 * namespace, and bwrap, which waits outside, ends only after that. Killing bwrap
 * itself would end them too, but we would not know when.
 */
async function killTree(child: Subprocess): Promise<void> {
  const inside = childrenOf(child.pid);
  if (inside.length === 0) child.kill("SIGKILL");
  for (const pid of inside) killOne(pid);
  const timer = setTimeout(() => child.kill("SIGKILL"), KILL_TIMEOUT_MS);
  await child.exited;
  clearTimeout(timer);
}
