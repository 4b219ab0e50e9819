import type { Disk, Written } from "./disk";

/**
 * Who may report, as the records say it before a commit: an opinion of its own
 * on I3, beside the one of the functions.
 */

/** A call a worker makes, as it left the worker. */
export type WorkerCall = {
  name: string;
  slotId: string | null;
  generation?: number;
  token?: string;
  revision?: number;
  turnId?: string;
  tokenHash?: string;
};

type Known = {
  generation: number;
  revision: number;
  running: boolean;
  lease?: { token: string; generation: number } | undefined;
  config?: string | undefined;
  probe?: string | undefined;
  installs: Map<string, number>;
};

export class Fences {
  private readonly slots = new Map<string, Known>();

  constructor(private readonly disk: Disk) {}

  of(slotId: string): Known | undefined {
    return this.slots.get(slotId);
  }

  /** Takes in what a commit has changed. */
  learn(written: Written[]): void {
    const touched = new Set<string>();
    for (const { document } of written) {
      if (document.table === "slots") touched.add(document.id);
      else if (TABLES.has(document.table)) {
        touched.add((document.value as { slotId: string }).slotId);
      }
    }
    for (const slotId of touched) this.read(slotId);
  }

  private read(slotId: string): void {
    const slot = this.disk.find("slots", slotId);
    if (!slot) return;
    const [boot] = this.disk.of("boots", slotId);
    const { config } = boot ?? {};
    const current = boot?.generation === slot.generation;
    this.slots.set(slotId, {
      generation: slot.generation,
      revision: slot.revision,
      running: slot.state.status === "running",
      lease: this.disk.of("leases", slotId)[0],
      config:
        current && config?.status === "writing" ? config.token : undefined,
      probe: this.disk.of("activity", slotId)[0]?.probe?.token,
      installs: new Map(
        this.disk
          .of("installs", slotId)
          .map((flight) => [flight.token, flight.generation]),
      ),
    });
  }
}

const TABLES: ReadonlySet<string> = new Set([
  "leases",
  "boots",
  "activity",
  "installs",
]);

type Rule = (known: Known, call: WorkerCall) => boolean;

const leased: Rule = ({ lease, generation }, call) =>
  lease?.token === call.token &&
  lease?.generation === call.generation &&
  generation === call.generation;
const configuring: Rule = ({ config, generation, running }, call) =>
  running && config === call.token && generation === call.generation;
const installing: Rule = ({ installs, generation, running }, call) =>
  running && installs.get(call.token ?? "") === generation;

/** By the function that is called: whether its caller still holds what it reports on. */
const RULES: Record<string, Rule> = {
  "lifecycle/driver:begin": leased,
  "lifecycle/driver:storeKeys": leased,
  "lifecycle/driver:report": leased,
  "lifecycle/config:begin": configuring,
  "lifecycle/config:report": configuring,
  "lifecycle/installs:begin": installing,
  "lifecycle/installs:report": installing,
  "lifecycle/probes:report": ({ probe, revision }, call) =>
    probe === call.token && revision === call.revision,
  "lifecycle/sweeping:strayed": ({ revision }, call) =>
    revision === call.revision,
};

/** Whether a call must change nothing. */
export function isStale(fences: Fences, call: WorkerCall): boolean {
  const rule = RULES[call.name];
  const known = call.slotId === null ? undefined : fences.of(call.slotId);
  return rule !== undefined && known !== undefined && !rule(known, call);
}

const EFFECTS: ReadonlySet<string> = new Set([
  "slots",
  "remotes",
  "boots",
  "installedSkills",
  "leases",
  "pulses",
]);

/** A refused report may clear the flight it was of; it may change nothing else. */
export function takesEffect({ table }: { table: string }): boolean {
  return EFFECTS.has(table);
}
