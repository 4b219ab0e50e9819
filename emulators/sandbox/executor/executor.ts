import { randomBytes, randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { startEgressProxy } from "../egress/proxy";
import { EgressPolicy } from "../egress/policy";
import { IsolationError, messageOf } from "../errors";
import type { Snapshot } from "../snapshots";
import { awaitCell, bootCell, startCell } from "./cell";
import type { Cell } from "./cell";
import { openCgroups } from "./cgroups";
import type { Cgroup, Cgroups } from "./cgroups";
import { Disks, hasDisk } from "./disks";
import type { HomeDisk } from "./disks";
import { writeEtc } from "./etc";
import { freshRuntime } from "./runtime-folder";
import { sizeOf } from "./home-size";
import { findTools, idRange } from "./host";
import type { IdRange, Tools } from "./host";
import type { Limits } from "./limits";
import { explain, inspect } from "./probe";
import type { Isolation } from "./probe";
import { writeFilter } from "./seccomp";
import { removeTree } from "./remove";
import { buildSupervisor } from "./supervisor-file";
import { WarmPool } from "./warm";
import type { Ready } from "./warm";
import { Watch } from "./watch";

export interface StartRequest {
  id: string;
  hostUid: number | null;
  snapshot: Snapshot;
  env: Record<string, string>;
  networkBlockAll: boolean;
  /** Its home grew too large: give it time to tidy up. */
  recovering?: boolean;
  /** One that was reserved for it; null to isolate one now. */
  ready: Ready | null;
}

/** After a recovery, before a home that is still too large ends it again. */
const TIDY_MS = 60_000;

/**
 * Makes, runs and removes isolated process trees and their homes. Knows nothing
 * of names, states or HTTP.
 */
export class Executor {
  private readonly homes: string;
  private readonly runtime: string;
  private tools: Tools | null = null;
  private ids: IdRange | null = null;
  private filter: string | null = null;
  private disks: Disks | null = null;
  /** True, or why homes have no disks of their own; for /health. */
  ownDisks: true | string = "not probed yet";
  readonly groups: Cgroups | null;
  private readonly watch: Watch;
  private readonly warm: WarmPool;
  /** Of warm ones, also while they are made: no record names them yet. */
  private readonly warmUids = new Set<number>();
  /** Host ids of the sandboxes that exist; set by whoever keeps their records. */
  inUse: () => Set<number> = () => new Set();
  isolation: Isolation = {
    ok: false,
    how: "bubblewrap",
    reason: "Not probed yet.",
    remedy: "Wait for the server to be ready.",
  };

  private constructor(
    data: string,
    readonly limits: Limits,
    private readonly egress: EgressPolicy,
    warm: number,
  ) {
    this.homes = join(data, "sandboxes");
    // 0711: the user a sandbox runs as must get through, and see nothing.
    mkdirSync(this.homes, { recursive: true });
    chmodSync(data, 0o711);
    chmodSync(this.homes, 0o711);
    this.runtime = freshRuntime(data);
    this.groups = openCgroups(randomBytes(4).toString("hex"));
    const held = this.groups?.controllers.includes("memory") ?? false;
    this.watch = new Watch(this.homes, limits, !held);
    this.warm = new WarmPool(
      warm,
      (snapshot) => this.makeReady(snapshot),
      (ready) => this.discard(ready),
    );
  }

  /**
   * Probes the host by running a sandbox. Never throws: see `isolation`.
   *
   * @param how.warm how many sandboxes to keep ready ahead of time; 0
   * @param how.ownDisks false to have folders for homes in any case
   */
  static async open(
    data: string,
    limits: Limits,
    egress: EgressPolicy,
    how: { warm?: number; ownDisks?: boolean } = {},
  ): Promise<Executor> {
    const executor = new Executor(data, limits, egress, how.warm ?? 0);
    try {
      executor.tools = findTools();
      executor.ids = idRange();
      await buildSupervisor(executor.supervisor);
      writeEtc(join(executor.runtime, "etc"));
      executor.filter = writeFilter(executor.runtime);
      if (how.ownDisks === false) executor.ownDisks = "not wanted";
      else {
        const { disks, why } = await Disks.open(executor.runtime, limits);
        executor.disks = disks;
        executor.ownDisks = disks ? true : why;
      }
      // Where homes are to be measured, it must be possible.
      if (!executor.disks) await sizeOf(executor.runtime, []);
      await executor.probeTwice();
      const whom = executor.ids ? "one user id each" : "as this user";
      const calls = executor.filter
        ? "system calls filtered"
        : "system calls not filtered";
      const walls = `bubblewrap: user, pid, mount, net, ipc, uts namespaces; ${whom}; ${calls}`;
      executor.isolation = { ok: true, how: walls };
    } catch (error) {
      executor.isolation = explain(error);
    }
    return executor;
  }

  /** A host id that nobody has; null when all run as ourselves. */
  allotUid(): number | null {
    if (!this.ids) return null;
    const { first, count } = this.ids;
    const taken = this.inUse();
    // The first one is the probe's.
    for (let id = first + 1; id < first + count; id++) {
      if (!taken.has(id) && !this.warmUids.has(id)) return id;
    }
    throw new Error("every host id for sandboxes is in use");
  }

  /**
   * Why none can be isolated now, or not this one; null when it can be.
   *
   * @param hostUid of one that exists
   */
  lack(hostUid?: number | null): string | null {
    const { isolation } = this;
    if (!isolation.ok) {
      return `Sandboxes cannot be isolated on this machine. ${isolation.reason} ${isolation.remedy}`;
    }
    if (hostUid === undefined || (hostUid === null) === (this.ids === null)) {
      return null;
    }
    // Its files are those of whom it ran as, and so would be what it now makes.
    const [then, now] = ["an ordinary user", "root"];
    const [made, runs] = this.ids ? [then, now] : [now, then];
    return `The sandbox was made by a server that ran as ${made}; this one runs as ${runs}. Run the server as it was when the sandbox was made.`;
  }

  homeOf(id: string): string {
    return join(this.homes, id, "home");
  }

  hasHome(id: string): boolean {
    return existsSync(this.homeOf(id));
  }

  knownHomes(): string[] {
    return readdirSync(this.homes);
  }

  makeHome(id: string, hostUid: number | null): void {
    const home = this.homeOf(id);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    chmodSync(join(this.homes, id), 0o711);
    if (hostUid !== null) chownSync(home, hostUid, hostUid);
  }

  removeHome(id: string): Promise<void> {
    return removeTree(join(this.homes, id));
  }

  /**
   * An id and a host user for a new sandbox, and a warm one if there is one. The
   * caller records it before anything else can ask.
   */
  reserve(
    snapshot: Snapshot,
    networkBlockAll: boolean,
  ): { id: string; hostUid: number | null; ready: Ready | null } {
    const ready = networkBlockAll ? null : this.warm.take(snapshot);
    if (!ready) {
      return { id: randomUUID(), hostUid: this.allotUid(), ready };
    }
    const { id, hostUid } = ready;
    if (hostUid !== null) this.warmUids.delete(hostUid);
    return { id, hostUid, ready };
  }

  /**
   * Resolves when it has been told what to run.
   *
   * @throws IsolationError when it does not come up, with what it printed.
   */
  async start(request: StartRequest): Promise<Cell> {
    const { snapshot, ready } = request;
    const { entrypoint } = snapshot;
    const cell = ready?.cell ?? (await this.isolate(request));
    const env = { ...snapshot.env, ...request.env };
    await bootCell(cell, { entrypoint, env });
    if (!request.networkBlockAll) this.warm.refill(snapshot);
    return cell;
  }

  private async discard(
    one: Omit<Ready, "cell"> & { cell: Cell | null },
  ): Promise<void> {
    const { id, hostUid, cell } = one;
    await cell?.kill();
    await cell?.ended;
    await this.removeHome(id);
    if (hostUid !== null) this.warmUids.delete(hostUid);
  }

  private async isolate(
    request: Omit<StartRequest, "env" | "ready">,
  ): Promise<Cell> {
    const { id, hostUid, snapshot } = request;
    if (!this.tools) throw new Error("start() without isolation");
    this.makeHome(id, hostUid);
    const disk = await this.diskOf(id, hostUid);
    const boot = randomBytes(6).toString("hex");
    const egressSocket = join(this.runtime, `${boot}.out`);
    const policy = request.networkBlockAll ? EgressPolicy.none() : this.egress;
    const proxy = await startEgressProxy(egressSocket, policy, id);
    if (hostUid !== null) chownSync(egressSocket, hostUid, hostUid);
    let cell: Cell;
    let group: Cgroup | null = null;
    try {
      group = this.groups?.make(boot, this.limits) ?? null;
      cell = startCell({
        boot,
        runtime: this.runtime,
        tools: this.tools,
        limits: this.limits,
        filter: this.filter,
        hostUid,
        group,
        mounts: {
          home: this.homeOf(id),
          disk,
          etc: join(this.runtime, "etc"),
          supervisor: this.supervisor,
          egressSocket,
          snapshotRoot: snapshot.root,
          node: this.tools.nodeFile,
          binds: snapshot.binds.map((path) => [path, path]),
        },
      });
    } catch (error) {
      proxy.close();
      await group?.remove();
      throw error;
    }
    const watching = this.watch.add({
      home: disk ? null : this.homeOf(id),
      diskFrom: request.recovering ? Date.now() + TIDY_MS : 0,
      processes: () => cell.processes(),
      overrun(reason) {
        cell.overrun = reason;
        void cell.kill();
      },
    });
    void cell.ended.then(() => {
      watching.remove();
      proxy.close();
    });
    return cell;
  }

  private async diskOf(
    id: string,
    hostUid: number | null,
  ): Promise<HomeDisk | null> {
    const folder = join(this.homes, id);
    if (this.disks && hostUid !== null) return this.disks.of(folder, id);
    // An empty folder in its place would look like a home that was lost.
    if (hasDisk(folder)) {
      throw new IsolationError(
        `The home of this sandbox is a disk, which cannot be mounted: ${String(this.ownDisks)}.`,
        "Run the server as it was when the sandbox was made.",
      );
    }
    return null;
  }

  private async makeReady(snapshot: Snapshot): Promise<Ready> {
    const id = randomUUID();
    const hostUid = this.allotUid();
    if (hostUid !== null) this.warmUids.add(hostUid);
    const networkBlockAll = false;
    let cell: Cell | null = null;
    try {
      cell = await this.isolate({ id, hostUid, snapshot, networkBlockAll });
      await awaitCell(cell);
      return { id, hostUid, cell };
    } catch (error) {
      await this.discard({ id, hostUid, cell });
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.warm.close();
    this.watch.close();
    await this.groups?.close();
    rmSync(this.runtime, { recursive: true, force: true });
  }

  private get supervisor(): string {
    return join(this.runtime, "supervisor");
  }

  /** What failed once may have been a machine too busy to answer in time. */
  private async probeTwice(): Promise<void> {
    try {
      await this.probe();
    } catch (error) {
      console.error(`isolation: ${messageOf(error)} Trying once more.`);
      await this.probe();
    }
  }

  private async probe(): Promise<void> {
    const id = `.probe-${randomBytes(4).toString("hex")}`;
    const hostUid = this.ids ? this.ids.first : null;
    try {
      const cell = await this.start({
        id,
        hostUid,
        env: {},
        networkBlockAll: true,
        ready: null,
        snapshot: {
          ...{ name: "probe", description: "", createdAt: 0 },
          ...{ entrypoint: [], env: {}, root: null, binds: [] },
        },
      });
      try {
        await inspect(cell, hostUid, this.filter !== null);
      } finally {
        await cell.kill();
        await cell.ended;
      }
    } finally {
      await this.removeHome(id);
    }
  }
}
