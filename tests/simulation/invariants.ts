import type { Doc, Id } from "../../convex/_generated/dataModel";
import { currentContext } from "../../emulators/backend/functions/context";
import { capsOf } from "../../convex/model/admission";
import { hasStep, isOff } from "../../convex/model/slot";
import { isBounded } from "./attempts";
import type { Disk, Written } from "./disk";
import { Fences, isStale, takesEffect } from "./fences";
import { hold, Violation } from "./hold";
import { TurnWatch } from "./turns";
import { digestOf, type Box, type World } from "./world";

/** What must hold after every commit and every change at the provider, by name. */

type SlotId = Id<"slots">;
type Slot = Doc<"slots">;

/** What is no longer the slot's own, but on its way out. */
const GIVEN_UP: ReadonlySet<string> = new Set([
  "deleting",
  "unsettled",
  "gone",
]);

/** What the queue lets in becomes one of these. */
const ADMITTED: ReadonlySet<string> = new Set(["creating", "starting"]);

/** Tries at a create are half a minute apart; ten of them do not all fail. */
const ADOPTION = 5 * 60_000;

/** Crons run every 15 s; a server that goes down misses one. */
const CRON_SLACK = 40_000;

/** Watches every commit. The first violation is kept: a commit must not throw. */
export class Watch {
  violation: Violation | null = null;
  /** from -> to|fault of the call that led there, how often. */
  readonly moves = new Map<string, number>();
  readonly turns: TurnWatch;
  private readonly fences: Fences;
  private readonly before = new Map<string, Slot>();
  private fairSince = 0;
  /** What was last copied out, by slot. */
  private readonly kept = new Map<string, string>();
  private readonly ended = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly disk: Disk,
    private readonly changed: (userId: string) => void,
  ) {
    this.fences = new Fences(disk);
    this.turns = new TurnWatch(world, disk);
    world.onStop = (box) => this.guarded(() => this.turns.switchedOff(box));
    world.onTurn = (run) => this.guarded(() => this.turns.begun(run));
    disk.onCommit = (written) => this.guarded(() => this.committed(written));
    world.onMake = (box) => this.guarded(() => this.made(box));
    world.onDestroy = (box) => this.guarded(() => this.destroyed(box));
    world.onKeep = (box) =>
      this.kept.set(box.labels["slipway-slot"] ?? "", box.files);
    world.onLongJob = (kind) =>
      this.guarded(() => isBounded(world.attempts, kind));
    world.onConfig = (box) => this.guarded(() => this.configured(box));
    world.onUninstall = (...of) => this.guarded(() => this.uninstalled(...of));
  }

  private guarded(check: () => void): void {
    if (this.violation) return;
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation = error;
    }
  }

  private committed(written: Written[]): void {
    const slots = new Set<SlotId>();
    const call = this.world.attempts.calling(currentContext());
    if (call && isStale(this.fences, call)) {
      const effects = written.filter(({ document }) => takesEffect(document));
      hold(`I3 an old report took effect (${call.name})`, effects.length === 0);
    }
    for (const { document, removed } of written) {
      const { table, id } = document;
      if (table === "slots" || table === "launches") {
        this.changed((document.value as Slot).userId);
      }
      if (table === "slots") {
        hold("a slot's row is never deleted", !removed);
        this.moved(document.value as Slot);
        slots.add(id as SlotId);
      } else if (table === "launches") {
        if (!removed) this.launch(document.value as Doc<"launches">);
      } else if (OF_SLOT.has(table)) {
        slots.add((document.value as { slotId: SlotId }).slotId);
      }
      if (table === "installedSkills" && !removed) {
        this.installed(document.value as Doc<"installedSkills">);
      }
    }
    for (const slotId of slots) this.slot(slotId);
    this.turns.committed(written, call);
    this.fences.learn(written);
  }

  private moved(slot: Slot): void {
    const was = this.before.get(slot._id);
    this.before.set(slot._id, slot);
    if (!was) return;
    hold("a generation never shrinks", slot.generation >= was.generation);
    hold("write tokens never shrink", slot.configWrites >= was.configWrites);
    if (was.state.status === "queued" && ADMITTED.has(slot.state.status)) {
      this.admitted(slot.userId);
    }
    const from = nameOf(was);
    const to = nameOf(slot);
    if (from === to) return;
    if (was.state.status === "replacing" && slot.state.status === "running") {
      hold(
        "a replacement brings the files back",
        this.boxOf(slot)?.files === this.kept.get(slot._id),
      );
    }
    hold("a transition is a revision", slot.revision > was.revision);
    const attempt = this.world.attempts.of(currentContext());
    const move = `${from} -> ${to}|${attempt?.worst ?? "no call"}`;
    this.moves.set(move, (this.moves.get(move) ?? 0) + 1);
  }

  /** A place that was free may be needed again: what is unsettled may come to life. */
  private admitted(userId: string): void {
    const read = capsOf(process.env);
    if (!read.ok) throw new Error(read.problem.message);
    const { caps } = read;
    const places = this.disk.all("places");
    const own = places.filter((place) => place.userId === userId);
    hold(
      "nobody is admitted over a cap",
      places.length <= caps.deployment && own.length <= caps.user,
    );
  }

  private slot(slotId: SlotId): void {
    const slot = this.disk.find("slots", slotId);
    if (!slot) return;
    const remotes = this.disk.of("remotes", slotId);
    const generations = new Set(remotes.map((remote) => remote.generation));
    hold("I7 one row per generation", generations.size === remotes.length);
    for (const { generation, state, name, remoteId } of remotes) {
      hold(
        "adopted only with our labels",
        !remoteId || !this.world.boxes.get(remoteId)?.squats,
      );
      hold(
        "I1 only the newest generation is wanted",
        generation === slot.generation || GIVEN_UP.has(state),
      );
      const box = state === "gone" ? this.world.byName(name) : undefined;
      hold(
        "I7 gone is gone",
        !box || box.state === "destroying" || box.squats === true,
      );
    }
    const flights = this.disk
      .of("installs", slotId)
      .map(
        ({ generation, skillKey, sha }) => `${generation} ${skillKey} ${sha}`,
      );
    hold("I4 one flight per skill", new Set(flights).size === flights.length);
    const leases = this.disk.of("leases", slotId);
    const { status } = slot.state;
    hold("one lease per slot", leases.length <= 1);
    hold(
      "a transition has a lease, rest has none",
      (leases.length === 1) === hasStep(slot.state),
    );
    hold(
      "a lease is of its slot's generation",
      leases.every((lease) => lease.generation === slot.generation),
    );
    if (status === "running") this.config(slot);
  }

  /** I5: what the record calls clean is on disk, and of this boot. What does not fit is told. */
  private config(slot: Slot): void {
    const boot = this.disk.of("boots", slot._id)[0];
    const box = this.boxOf(slot);
    if (boot?.config.status === "full") {
      const launches = this.disk.of("launches", slot._id);
      hold(
        "nobody waits for a full disk",
        launches.every(({ active }) => !active),
      );
    }
    if (!boot || boot.config.status !== "clean" || !box) return;
    if (boot.generation !== slot.generation) return;
    const { config } = box;
    hold(
      "I5 the recorded config is what is on disk",
      config?.hash === boot.config.hash &&
        config.writeToken === boot.config.writeToken,
    );
    hold(
      "I5 the config on disk is of this boot",
      boot.gatewayToken.endsWith(`|${config?.gatewayToken}`),
    );
  }

  private installed(row: Doc<"installedSkills">): void {
    const remote = this.remoteOf(row.slotId, row.generation);
    const box = remote?.remoteId && this.world.boxes.get(remote.remoteId);
    hold(
      "I4 listed only what is on disk",
      box ? box.disk.has(`${row.skillKey} ${row.digest}`) : false,
    );
    const same = this.disk
      .of("installedSkills", row.slotId)
      .filter(
        (other) =>
          other.generation === row.generation &&
          other.skillKey === row.skillKey &&
          other.sha === row.sha,
      );
    hold("I4 listed once", same.length === 1);
  }

  private uninstalled(box: Box, skillKey: string, digest: string): void {
    const slotId = box.labels["slipway-slot"] as SlotId;
    const listed = this.disk
      .of("installedSkills", slotId)
      .some(
        (row) =>
          row.generation === generationOf(box) &&
          row.skillKey === skillKey &&
          row.digest === digest,
      );
    hold("I4 what is listed is never removed", !listed);
  }

  private launch(launch: Doc<"launches">): void {
    const end = "at" in launch.state ? JSON.stringify(launch.state) : null;
    hold("a launch is active or ended", launch.active === (end === null));
    const before = this.ended.get(launch._id);
    hold("I6 an ended launch stays ended", !before || before === end);
    // One that was believed to be instant and was not goes on: ready is no end for ever.
    if (end && launch.state.state !== "ready") this.ended.set(launch._id, end);
  }

  /**
   * A create that had no answer lands in the name of one that is switched off,
   * and was lost or is deleted: nobody can know of either before the next look.
   */
  private unheardOf(remote: Doc<"remotes"> | undefined): boolean {
    const slot = remote && this.disk.find("slots", remote.slotId);
    const { state } = slot as Slot;
    const out = isOff(state) || state.status === "deleting";
    return remote?.settleBy !== undefined && out;
  }

  private made(box: Box): void {
    if (box.stranger || !box.labels["slipway-slot"]) return;
    const slotId = box.labels["slipway-slot"] as SlotId;
    const remote = this.remoteOf(slotId, generationOf(box));
    hold("I7 recorded before it exists", remote !== undefined);
    hold("I7 gone is gone", remote?.state !== "gone");
    const placed = this.disk
      .all("places")
      .some(({ remoteId }) => remoteId === remote?._id);
    hold(
      "what is made has a place",
      placed || GIVEN_UP.has(remote?.state ?? "") || this.unheardOf(remote),
    );
    const live = this.world
      .live()
      .filter(({ labels }) => labels["slipway-slot"] === slotId);
    const wanted = live.filter((other) => {
      const row = this.remoteOf(slotId, generationOf(other));
      return row && !GIVEN_UP.has(row.state);
    });
    hold("I1 one live remote is wanted", wanted.length <= 1);
  }

  private destroyed(box: Box): void {
    hold("I7 what is somebody else's is never deleted", !box.squats);
    if (box.stranger) {
      hold(
        "I7 a stranger is deleted after two sightings and a minute",
        box.stranger.sightings >= 2 &&
          this.world.clock.now() - box.stranger.firstSeenAt >= 60_000,
      );
      return;
    }
    const slotId = box.labels["slipway-slot"] as SlotId;
    const slot = this.disk.find("slots", slotId);
    const remote = this.remoteOf(slotId, generationOf(box));
    if (slot?.state.status === "replacing") {
      const keep = this.disk.of("keeps", slotId)[0];
      hold(
        "nothing is deleted whose files are not kept",
        remote?.state !== "present" || keep?.digest === digestOf(box.files),
      );
    }
    const wanted =
      slot?.generation === generationOf(box) &&
      remote?.state === "present" &&
      remote.remoteId === box.id &&
      ["running", "starting", "stopping", "stopped", "creating"].includes(
        slot.state.status,
      );
    hold("I7 a wanted sandbox is never deleted", !wanted);
  }

  private configured(box: Box): void {
    const slot = this.disk.find("slots", box.labels["slipway-slot"] as SlotId);
    if (slot?.state.status === "running" && this.boxOf(slot) === box) {
      this.config(slot);
    }
  }

  /** What only time shows. */
  overdue(): void {
    if (this.violation) throw this.violation;
    const now = this.world.clock.now();
    this.adopted(now);
    this.turns.overdue(now);
    const late = (at: number) => now > at + CRON_SLACK;
    for (const lease of this.disk.all("leases")) {
      hold("a silent worker is taken over", !late(lease.expiresAt));
    }
    for (const flight of this.disk.all("installs")) {
      hold("a silent install is taken over", !late(flight.expiresAt));
    }
    for (const { config, slotId } of this.disk.all("boots")) {
      const running =
        this.disk.find("slots", slotId)?.state.status === "running";
      hold(
        "a silent config write is taken over",
        !running || config.status !== "writing" || !late(config.expiresAt),
      );
    }
    for (const launch of this.disk.all("launches")) {
      hold(
        "I6 ended within its deadline",
        !launch.active || !late(launch.deadlineAt),
      );
    }
  }

  /** In weather that is not too foul a create finds what carries its name within minutes. */
  private adopted(now: number): void {
    const { remote, worker, eye } = this.world.fate.weather;
    if (remote > 0.05 || worker > 0.01 || eye) this.fairSince = now;
    if (now - this.fairSince < ADOPTION) return;
    for (const slot of this.disk.all("slots")) {
      const { state } = slot;
      if (state.status !== "creating" || state.step !== "create") continue;
      const name = this.remoteOf(slot._id, slot.generation)?.name ?? "";
      const waits = now - state.since >= ADOPTION;
      const box = this.world.byName(name);
      const there = box?.state === "started" && !box.squats;
      hold(
        "what a lost create has made is adopted",
        !waits || !there || now - box.startedAt < ADOPTION,
      );
    }
  }

  boxOf(slot: Slot): Box | undefined {
    const remote = this.remoteOf(slot._id, slot.generation);
    return remote?.remoteId === undefined || remote.state === "gone"
      ? undefined
      : this.world.boxes.get(remote.remoteId);
  }

  private remoteOf(slotId: SlotId, generation: number) {
    return this.disk
      .of("remotes", slotId)
      .find((remote) => remote.generation === generation);
  }
}

/** Tables whose rows say something of one slot. */
const OF_SLOT: ReadonlySet<string> = new Set([
  "remotes",
  "leases",
  "boots",
  "installs",
  "installedSkills",
]);

export function nameOf({ state }: Pick<Slot, "state">): string {
  const at = "stage" in state ? `/${String(state.stage)}` : "";
  return `${state.status}${at}${"step" in state ? `/${state.step}` : ""}`;
}

export function generationOf(box: Box): number {
  return Number(box.labels["slipway-generation"]);
}

export { hold, Violation };
