import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startEgressProxy } from "../egress/proxy";
import { EgressPolicy } from "../egress/policy";
import type { Snapshot } from "../snapshots";
import { startCell } from "./cell";
import type { Cell } from "./cell";
import { openCgroups } from "./cgroups";
import type { Cgroups } from "./cgroups";
import { writeEtc } from "./etc";
import { freshRuntime } from "./runtime-folder";
import { findTools, idRange } from "./host";
import type { IdRange, Tools } from "./host";
import type { Limits } from "./limits";
import { explain, inspect } from "./probe";
import type { Isolation } from "./probe";
import { removeTree } from "./remove";
import { buildSupervisor } from "./supervisor-file";
import { Watch } from "./watch";

export interface StartRequest {
  id: string;
  hostUid: number | null;
  snapshot: Snapshot;
  env: Record<string, string>;
  networkBlockAll: boolean;
}

/**
 * Makes, runs and removes isolated process trees and their homes. Knows nothing
 * of names, states or HTTP.
 */
export class Executor {
  private readonly homes: string;
  private readonly runtime: string;
  private tools: Tools | null = null;
  private ids: IdRange | null = null;
  readonly groups: Cgroups | null;
  private readonly watch: Watch;
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
  }

  /** Probes the host by running a sandbox. Never throws: see `isolation`. */
  static async open(
    data: string,
    limits: Limits,
    egress: EgressPolicy,
  ): Promise<Executor> {
    const executor = new Executor(data, limits, egress);
    try {
      executor.tools = findTools();
      executor.ids = idRange();
      await buildSupervisor(executor.supervisor);
      writeEtc(join(executor.runtime, "etc"));
      await executor.probe();
      const whom = executor.ids ? "one user id each" : "as this user";
      const how = `bubblewrap: user, pid, mount, net, ipc, uts namespaces; ${whom}`;
      executor.isolation = { ok: true, how };
    } catch (error) {
      executor.isolation = explain(error);
    }
    return executor;
  }

  /** A host id that none of `taken` has; null when all run as ourselves. */
  allotUid(taken: Set<number>): number | null {
    if (!this.ids) return null;
    const { first, count } = this.ids;
    // The first one is the probe's.
    for (let id = first + 1; id < first + count; id++) {
      if (!taken.has(id)) return id;
    }
    throw new Error("every host id for sandboxes is in use");
  }

  homeOf(id: string): string {
    return join(this.homes, id, "home");
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

  async start(request: StartRequest): Promise<Cell> {
    const { id, hostUid, snapshot } = request;
    if (!this.tools) throw new Error("start() without isolation");
    this.makeHome(id, hostUid);
    const boot = randomBytes(6).toString("hex");
    const egressSocket = join(this.runtime, `${boot}.out`);
    const policy = request.networkBlockAll ? EgressPolicy.none() : this.egress;
    const proxy = await startEgressProxy(egressSocket, policy, id);
    if (hostUid !== null) chownSync(egressSocket, hostUid, hostUid);
    try {
      const cell = await startCell({
        boot,
        runtime: this.runtime,
        tools: this.tools,
        limits: this.limits,
        hostUid,
        group: this.groups?.make(boot, this.limits) ?? null,
        entrypoint: snapshot.entrypoint,
        env: { ...snapshot.env, ...request.env },
        mounts: {
          home: this.homeOf(id),
          etc: join(this.runtime, "etc"),
          supervisor: this.supervisor,
          egressSocket,
          snapshotRoot: snapshot.root,
          nodePrefix: this.tools.nodePrefix,
          binds: snapshot.binds.map((path) => [path, path]),
        },
      });
      const watching = this.watch.add({
        home: this.homeOf(id),
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
    } catch (error) {
      proxy.close();
      throw error;
    }
  }

  close(): void {
    this.watch.close();
    this.groups?.close();
    rmSync(this.runtime, { recursive: true, force: true });
  }

  private get supervisor(): string {
    return join(this.runtime, "supervisor");
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
        snapshot: {
          ...{ name: "probe", description: "", createdAt: 0 },
          ...{ entrypoint: [], env: {}, root: null, binds: [] },
        },
      });
      try {
        await inspect(cell, hostUid);
      } finally {
        await cell.kill();
      }
    } finally {
      await this.removeHome(id);
    }
  }
}
