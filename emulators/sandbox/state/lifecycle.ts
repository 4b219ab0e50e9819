import { randomBytes, randomUUID } from "node:crypto";
import { ApiError, badRequest, conflict, messageOf, notFound } from "../errors";
import type { Cell } from "../executor/cell";
import type { Executor } from "../executor/executor";
import type { CreateRequest } from "../http/create-request";
import { BARE } from "../snapshots";
import type { Snapshots } from "../snapshots";
import type { Registry, SandboxRecord, SandboxState } from "./registry";

export type StateListener = (
  record: SandboxRecord,
  oldState: SandboxState | null,
) => void;

const TRANSITIONS: ReadonlySet<SandboxState> = new Set([
  "creating",
  "starting",
  "stopping",
  "destroying",
]);

/** A sandbox that is just being started gets this long to be ended properly. */
const CLOSE_PATIENCE_MS = 1_200;

/**
 * Moves sandboxes between states. Every transition is recorded before it begins
 * and after it ends; only one is under way per sandbox, and asking for another
 * meanwhile is a 409, delete while creating included.
 */
export class Lifecycle {
  private readonly cells = new Map<string, Cell>();
  /** Changes that have begun and not ended, for close() to wait for. */
  private readonly underWay = new Set<Promise<unknown>>();
  private closing = false;

  constructor(
    private readonly registry: Registry,
    private readonly executor: Executor,
    private readonly snapshots: Snapshots,
    private readonly announce: StateListener,
  ) {}

  require(idOrName: string): SandboxRecord {
    const record = this.registry.find(idOrName);
    if (!record) {
      throw notFound(`Sandbox with ID or name ${idOrName} not found`);
    }
    return record;
  }

  find(idOrName: string): SandboxRecord | null {
    return this.registry.find(idOrName);
  }

  /** The running insides of a started sandbox. */
  cell(record: SandboxRecord): Cell {
    const cell = this.cells.get(record.id);
    if (record.state !== "started" || !cell) {
      throw badRequest(
        `Sandbox ${record.name} is not running (state: ${record.state}). Start it first.`,
      );
    }
    return cell;
  }

  /** Resolves when it is started, or has failed (state "error"). */
  async create(request: CreateRequest): Promise<SandboxRecord> {
    const { isolation } = this.executor;
    if (!isolation.ok) {
      throw new ApiError(
        422,
        `Sandboxes cannot be isolated on this machine. ${isolation.reason} ${isolation.remedy}`,
      );
    }
    const snapshot = this.snapshots.require(request.snapshot ?? BARE.name);
    const id = randomUUID();
    const name = request.name ?? id;
    if (this.registry.find(name)) {
      throw conflict(`Sandbox with name ${name} already exists`);
    }
    const taken = new Set(
      this.registry.all().flatMap(({ hostUid }) => hostUid ?? []),
    );
    const now = Date.now();
    const record: SandboxRecord = {
      id,
      name,
      state: "creating",
      errorReason: null,
      snapshot: snapshot.name,
      user: request.user,
      env: request.env,
      labels: request.labels,
      public: request.public,
      target: request.target,
      cpu: request.cpu,
      memory: request.memory,
      disk: request.disk,
      networkBlockAll: request.networkBlockAll,
      autoStopInterval: request.autoStopInterval,
      autoArchiveInterval: request.autoArchiveInterval,
      autoDeleteInterval: request.autoDeleteInterval,
      hostUid: this.executor.allotUid(taken),
      previewToken: newToken(),
      createdAt: now,
      updatedAt: now,
      lastActivityAt: now,
    };
    this.registry.insert(record);
    this.announce(record, null);
    return this.track(this.run(record));
  }

  async start(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state === "started") return record;
    if (record.state !== "stopped") {
      throw badRequest(
        `Sandbox ${record.name} cannot be started from state ${record.state}`,
      );
    }
    return this.track(this.run(this.move(record, "starting")));
  }

  async stop(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state !== "started") {
      throw badRequest(
        `Sandbox ${record.name} is not started (state: ${record.state})`,
      );
    }
    const stopping = this.move(record, "stopping");
    await this.track(this.end(record.id));
    const stopped = this.stopped(stopping);
    return stopped.autoDeleteInterval === 0 ? this.delete(record.id) : stopped;
  }

  async delete(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    const destroying = this.move(record, "destroying");
    return this.track(this.end(record.id).then(() => this.erase(destroying)));
  }

  update(idOrName: string, changes: Partial<SandboxRecord>): SandboxRecord {
    return this.registry.update(this.require(idOrName).id, changes);
  }

  /** What a sandbox and its supervisor printed, as far as it is kept. */
  log(id: string): string {
    return this.cells.get(id)?.log.toString() ?? "";
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  /** Ends everything that runs. The records say "stopped" before it returns. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.all([...this.cells.values()].map((cell) => cell.kill()));
    await Promise.race([
      Promise.allSettled(this.underWay),
      Bun.sleep(CLOSE_PATIENCE_MS),
    ]);
    for (const record of this.registry.all()) {
      if (record.state === "started") this.stopped(record);
    }
  }

  private async run(record: SandboxRecord): Promise<SandboxRecord> {
    let cell: Cell;
    try {
      cell = await this.executor.start({
        id: record.id,
        hostUid: record.hostUid,
        env: record.env,
        networkBlockAll: record.networkBlockAll,
        snapshot: this.snapshots.require(record.snapshot),
      });
    } catch (error) {
      console.error(`sandbox ${record.name}: ${messageOf(error)}`);
      return this.move(record, "error", messageOf(error));
    }
    if (this.closing) {
      await cell.kill();
      return this.stopped(record);
    }
    this.cells.set(record.id, cell);
    void cell.ended.then(() => this.died(record.id, cell));
    this.registry.touch(record.id);
    return this.move(record, "started");
  }

  /** Its processes ended without being asked to. */
  private died(id: string, cell: Cell): void {
    if (this.cells.get(id) !== cell) return;
    this.cells.delete(id);
    const record = this.registry.get(id);
    if (this.closing || record?.state !== "started") return;
    console.error(`sandbox ${record.name} ended by itself:\n${cell.log}`);
    this.stopped(record);
  }

  private async end(id: string): Promise<void> {
    const cell = this.cells.get(id);
    this.cells.delete(id);
    if (!cell) return;
    await cell.kill();
    await cell.ended;
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    const over = () => this.underWay.delete(work);
    work.then(over, over);
    return work;
  }

  /** Removes what is left of one that is to be destroyed. */
  async erase(record: SandboxRecord): Promise<SandboxRecord> {
    try {
      await this.executor.removeHome(record.id);
    } catch (error) {
      // Not "destroying" for ever: whoever wants it gone must be able to ask again.
      return this.move(record, "error", `Not deleted: ${messageOf(error)}`);
    }
    this.registry.remove(record.id);
    const destroyed: SandboxRecord = { ...record, state: "destroyed" };
    this.announce(destroyed, record.state);
    return destroyed;
  }

  /** Records that nothing of it runs; a stop always ends its preview token. */
  stopped(record: SandboxRecord): SandboxRecord {
    return this.move(record, "stopped", null, { previewToken: newToken() });
  }

  private settled(idOrName: string): SandboxRecord {
    const record = this.require(idOrName);
    if (TRANSITIONS.has(record.state)) {
      throw conflict(
        `Sandbox ${record.name} has a state change in progress (${record.state})`,
      );
    }
    return record;
  }

  private move(
    record: SandboxRecord,
    state: SandboxState,
    errorReason: string | null = null,
    more: Partial<SandboxRecord> = {},
  ): SandboxRecord {
    const after = this.registry.update(record.id, {
      state,
      errorReason,
      ...more,
    });
    this.announce(after, record.state);
    return after;
  }
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
