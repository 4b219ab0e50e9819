import { ApiError, badRequest, conflict, messageOf, notFound } from "../errors";
import type { Cell } from "../executor/cell";
import type { Executor } from "../executor/executor";
import type { Ready } from "../executor/warm";
import type { CreateRequest } from "../http/create-request";
import { BARE } from "../snapshots";
import type { Snapshots } from "../snapshots";
import type { Behaviour, Paced } from "./behaviour";
import type { History } from "./history";
import { destroyAt, newRecord, newToken } from "./new-record";
import { CreateRate, requireRoom } from "./quota";
import type { Registry, SandboxRecord, SandboxState } from "./registry";
import { TRANSITIONS } from "./states";

export type StateListener = (
  record: SandboxRecord,
  oldState: SandboxState | null,
) => void;

/** Runs instead of the snapshot's own, where a fault wants that. */
export type Entrypoint = string[] | null;

/** A sandbox that is just being started gets this long to be ended properly. */
const CLOSE_PATIENCE_MS = 1_200;

/** How the reason of an error begins that a delete ended in. */
export const NOT_DELETED = "Not deleted:";

export interface LifecycleParts {
  registry: Registry;
  executor: Executor;
  snapshots: Snapshots;
  history: History;
  announce: StateListener;
  /** How long a minute of the intervals lasts. */
  minuteMs: number;
}

/**
 * Moves sandboxes between states. Every transition is recorded before it begins
 * and after it ends; only one is under way per sandbox, and asking for another
 * meanwhile is a 409, delete while creating included. What is asked for resolves
 * when it is over, or at once, with the state on its way, where it has a pace.
 */
export class Lifecycle {
  private readonly cells = new Map<string, Cell>();
  /** Changes that have begun and not ended, for close() to wait for. */
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly rate: CreateRate;
  private closing = false;

  constructor(
    private readonly parts: LifecycleParts,
    public behaviour: Behaviour,
  ) {
    this.rate = new CreateRate(parts.minuteMs);
    parts.executor.inUse = () =>
      new Set(parts.registry.all().flatMap(({ hostUid }) => hostUid ?? []));
  }

  require(idOrName: string): SandboxRecord {
    const record = this.find(idOrName);
    if (!record) {
      throw notFound(`Sandbox with ID or name ${idOrName} not found`);
    }
    return record;
  }

  find(idOrName: string): SandboxRecord | null {
    return this.parts.registry.find(idOrName);
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

  /** Ends as "started", or as "error" with the reason. */
  async create(
    request: CreateRequest,
    entrypoint: Entrypoint = null,
  ): Promise<SandboxRecord> {
    const { executor, snapshots, registry, minuteMs } = this.parts;
    this.requireWalls();
    const snapshot = snapshots.require(request.snapshot ?? BARE.name);
    const { name } = request;
    if (name !== undefined && registry.find(name)) {
      throw conflict(`Sandbox with name ${name} already exists`);
    }
    const { quota } = this.behaviour;
    requireRoom(quota, request, registry.all());
    this.rate.take(quota.createsPerMinute);
    const { id, hostUid, ready } = executor.reserve(
      snapshot,
      request.networkBlockAll,
    );
    const record = newRecord(id, request, snapshot.name, hostUid, minuteMs);
    registry.insert(record);
    this.tell(record, null);
    return this.paced("create", record, () =>
      this.run(record, { entrypoint, ready }),
    );
  }

  async start(
    idOrName: string,
    entrypoint: Entrypoint = null,
  ): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    const { state } = record;
    if (state === "started") return record;
    if (state !== "stopped" && state !== "archived") {
      throw badRequest(
        `Sandbox ${record.name} cannot be started from state ${state}`,
      );
    }
    this.requireWalls(record);
    this.requireRoomFor(record);
    const archived = state === "archived";
    const after = this.move(record, archived ? "restoring" : "starting");
    return this.paced(archived ? "restore" : "start", after, () =>
      this.run(after, { entrypoint }),
    );
  }

  /** A start that comes to an error, as an injected fault wants it. */
  async failStart(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state !== "stopped") {
      throw badRequest(
        `Sandbox ${record.name} cannot be started from state ${record.state}`,
      );
    }
    const reason = "Injected fault: it does not start";
    return this.move(record, "error", reason, { recoverable: true });
  }

  /** Out of an error that can be overcome, e.g. a home that grew too large. */
  async recover(idOrName: string, skipStart = false): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state !== "error" || !record.recoverable) {
      throw badRequest(
        record.state === "error"
          ? `Sandbox ${record.name} cannot be recovered: ${record.errorReason}`
          : `Sandbox ${record.name} is not in an error state (state: ${record.state})`,
      );
    }
    if (!skipStart) this.requireWalls(record);
    this.requireRoomFor(record);
    if (skipStart) return this.stopped(record);
    const starting = this.move(record, "starting");
    return this.paced("start", starting, () =>
      this.run(starting, { recovering: true }),
    );
  }

  async stop(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state !== "started") {
      throw badRequest(
        `Sandbox ${record.name} is not started (state: ${record.state})`,
      );
    }
    const stopping = this.move(record, "stopping");
    return this.paced("stop", stopping, async () => {
      await this.end(record.id);
      const stopped = this.stopped(stopping);
      return stopped.autoDeleteInterval === 0
        ? this.delete(record.id)
        : stopped;
    });
  }

  /** Here nothing moves: the disk stays where it is. */
  async archive(idOrName: string): Promise<SandboxRecord> {
    const record = this.settled(idOrName);
    if (record.state !== "stopped") {
      throw badRequest(
        `Sandbox ${record.name} must be stopped to be archived (state: ${record.state})`,
      );
    }
    const archiving = this.move(record, "archiving");
    return this.paced("archive", archiving, async () =>
      this.move(archiving, "archived"),
    );
  }

  async delete(idOrName: string): Promise<SandboxRecord> {
    const destroying = this.move(this.settled(idOrName), "destroying");
    return this.paced("delete", destroying, async () => {
      await this.end(destroying.id);
      return this.erase(destroying);
    });
  }

  update(idOrName: string, changes: Partial<SandboxRecord>): SandboxRecord {
    const after = this.parts.registry.update(
      this.require(idOrName).id,
      changes,
    );
    this.parts.history.note(after);
    return after;
  }

  /** @param minutes 0 for no end */
  setTtl(idOrName: string, minutes: number): SandboxRecord {
    const { minuteMs } = this.parts;
    return this.update(idOrName, { destroyAt: destroyAt(minutes, minuteMs) });
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
    for (const record of this.parts.registry.all()) {
      if (record.state === "started") this.stopped(record);
    }
  }

  /** Removes what is left of one that is to be destroyed. */
  async erase(record: SandboxRecord): Promise<SandboxRecord> {
    const { executor, registry } = this.parts;
    try {
      await executor.removeHome(record.id);
      registry.remove(record.id);
    } catch (error) {
      // Not "destroying" for ever: whoever wants it gone must be able to ask again.
      return this.move(record, "error", `${NOT_DELETED} ${messageOf(error)}`);
    }
    const destroyed: SandboxRecord = { ...record, state: "destroyed" };
    this.tell(destroyed, record.state);
    return destroyed;
  }

  /** Records that nothing of it runs; a stop always ends its preview token. */
  stopped(record: SandboxRecord): SandboxRecord {
    return this.move(record, "stopped", null, { previewToken: newToken() });
  }

  private async run(
    record: SandboxRecord,
    how: {
      entrypoint?: Entrypoint;
      ready?: Ready | null;
      recovering?: boolean;
    },
  ): Promise<SandboxRecord> {
    const { executor, snapshots, registry } = this.parts;
    const { entrypoint, ready = null, recovering } = how;
    let cell: Cell;
    try {
      const snapshot = snapshots.require(record.snapshot);
      const { id, hostUid, env, networkBlockAll } = record;
      cell = await executor.start({
        ...{ id, hostUid, env, networkBlockAll, ready, recovering },
        snapshot: entrypoint ? { ...snapshot, entrypoint } : snapshot,
      });
    } catch (error) {
      console.error(`sandbox ${record.name}: ${messageOf(error)}`);
      // One that had begun before has its home, and the reason may pass: a
      // snapshot that is missing, a full disk, a machine too busy to answer.
      const recoverable = record.state !== "creating";
      return this.move(record, "error", messageOf(error), { recoverable });
    }
    if (this.closing) {
      await cell.kill();
      return this.stopped(record);
    }
    this.cells.set(record.id, cell);
    void cell.ended.then(() => this.died(record.id, cell));
    registry.touch(record.id);
    return this.move(record, "started");
  }

  /** Its processes ended without being asked to. */
  private died(id: string, cell: Cell): void {
    if (this.cells.get(id) !== cell) return;
    this.cells.delete(id);
    const record = this.parts.registry.get(id);
    if (this.closing || record?.state !== "started") return;
    console.error(`sandbox ${record.name} ended by itself:\n${cell.log}`);
    if (cell.overrun === null) this.stopped(record);
    else this.move(record, "error", cell.overrun, { recoverable: true });
  }

  private async end(id: string): Promise<void> {
    const cell = this.cells.get(id);
    this.cells.delete(id);
    if (!cell) return;
    await cell.kill();
    await cell.ended;
  }

  /**
   * Nothing is begun that must end in an error.
   *
   * @throws ApiError 422 with what the machine lacks.
   */
  private requireWalls(record?: SandboxRecord): void {
    const lack = this.parts.executor.lack(record?.hostUid);
    if (lack) throw new ApiError(422, lack, "ISOLATION_UNAVAILABLE");
  }

  private requireRoomFor(record: SandboxRecord): void {
    const all = this.parts.registry.all();
    const others = all.filter(({ id }) => id !== record.id);
    requireRoom(this.behaviour.quota, record, others);
  }

  private paced(
    change: Paced,
    onItsWay: SandboxRecord,
    work: () => Promise<SandboxRecord>,
  ): Promise<SandboxRecord> {
    const ms = this.behaviour.pace[change] ?? 0;
    if (ms === 0) return this.track(work());
    this.track(Bun.sleep(ms).then(work)).catch((error) =>
      console.error(`sandbox ${onItsWay.name}: ${messageOf(error)}`),
    );
    return Promise.resolve(onItsWay);
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    const over = () => this.underWay.delete(work);
    work.then(over, over);
    return work;
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
    const { registry } = this.parts;
    const changes = { state, errorReason, recoverable: false, ...more };
    // What begins is written before it does; what has happened is so whether it
    // can be written or not, or a full disk would keep it on its way for ever.
    const after = TRANSITIONS.has(state)
      ? registry.update(record.id, changes)
      : registry.settle(record.id, changes);
    this.tell(after, record.state);
    return after;
  }

  private tell(record: SandboxRecord, oldState: SandboxState | null): void {
    this.parts.history.note(record);
    this.parts.announce(record, oldState);
  }
}
