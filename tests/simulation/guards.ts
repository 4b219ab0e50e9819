/**
 * Every guard of the lifecycle's core, with the edit that takes it out. A text
 * that is no longer found is an error, so the table stays true.
 */
export type Edit = { file: string; find: string; put: string };

export type Guard = {
  /** What goes wrong without it. */
  breaks: string;
  edits: Edit[];
  /** Seeds known to notice, asked first. */
  seeds?: number[];
};

const leases = "lifecycle/leases.ts";
const probes = "lifecycle/probes.ts";
const config = "lifecycle/config.ts";
const installs = "lifecycle/installs.ts";
const remotes = "lifecycle/remotes.ts";
const sweeping = "lifecycle/sweeping.ts";
const expiry = "lifecycle/expiry.ts";

export const GUARDS: Record<string, Guard> = {
  "generation of a lease": {
    breaks: "a worker of an older generation reports on the newer one",
    seeds: [1],
    edits: [
      {
        file: leases,
        find: "lease.generation !== fence.generation ||",
        put: "",
      },
    ],
  },
  "token of a lease": {
    breaks: "a worker that was taken over reports beside its successor",
    seeds: [1],
    edits: [
      {
        file: leases,
        find: "    lease.token !== fence.token\n",
        put: "    false\n",
      },
    ],
  },
  "generation of a config write": {
    breaks: "a config write of an older generation counts for the newer one",
    seeds: [7],
    edits: [
      {
        file: config,
        find: 'slot.generation !== args.generation || slot.state.status !== "running"',
        put: 'slot.state.status !== "running"',
      },
    ],
  },
  "token of a config write": {
    breaks: "the hash of an older write is recorded under a newer write token",
    seeds: [1],
    edits: [
      {
        file: config,
        find: " || boot.config.token !== args.token",
        put: "",
      },
    ],
  },
  "config is dirty from the claim on": {
    breaks: "a woken agent keeps the gateway token of its former boot",
    seeds: [1],
    edits: [
      {
        file: "lifecycle/driver.ts",
        find: 'config: { status: "dirty" },',
        put: 'config: boot?.config.status === "clean" ? boot.config : { status: "dirty" },',
      },
    ],
  },
  "token of a probe": {
    breaks: "a look that was replaced reports as if it were the newest",
    seeds: [8],
    edits: [
      {
        file: probes,
        find: "    if (row?.probe?.token !== token) return null;\n    await ctx.db.patch",
        put: "    if (!row) return null;\n    await ctx.db.patch",
      },
    ],
  },
  "revision of a probe": {
    breaks: "what was seen before a stop and a start is taken for news",
    seeds: [1],
    edits: [
      {
        file: probes,
        find: "    if (slot.revision !== revision) return null;\n",
        put: "",
      },
    ],
  },
  "an install's digest is ours": {
    breaks: "a skill is listed that is not what was sent",
    seeds: [7],
    edits: [
      {
        file: installs,
        find: "flight.removes || skill?.digest !== disk.digest",
        put: "flight.removes || !skill",
      },
      {
        file: "node/install.ts",
        find: "disk.digest === work.digest",
        put: "true",
      },
    ],
  },
  "an install is listed once": {
    breaks: "two reports of one skill list it twice",
    seeds: [1],
    edits: [
      {
        file: installs,
        find: "  if (flight && !flight.removes) return;\n",
        put: "",
      },
      {
        file: installs,
        find: '  if (flight) await ctx.db.delete("installs", flight._id);\n',
        put: "",
      },
      {
        file: installs,
        find: "  if (listed) {\n",
        put: "  if (listed && false) {\n",
      },
    ],
  },
  "adoption by name": {
    breaks: "what a lost create has made is never found again",
    edits: [
      {
        file: "node/daytona.ts",
        find: "    if (error instanceof DaytonaConflictError) {\n",
        put: "    if (error instanceof DaytonaConflictError && false) {\n",
      },
    ],
  },
  "adoption by labels": {
    breaks: "a stranger's sandbox with our name is taken for ours",
    edits: [
      {
        file: "node/daytona.ts",
        find: "([key, value]) => found.labels[key] === value,",
        put: "() => true,",
      },
    ],
  },
  "gone only with evidence": {
    breaks: "a 404 of a provider that lags costs a living sandbox its record",
    seeds: [1],
    edits: [
      {
        file: "node/daytona.ts",
        find: '      return { kind: "conflict" }; // the list and GET disagree: ask again\n',
        put: "",
      },
    ],
  },
  "gone before the name is free": {
    breaks: "the slot is free while its sandbox still lives",
    edits: [
      {
        file: "model/slotSteps.ts",
        find: 'step: outcome.provider === "deleting" ? "look" : "delete"',
        put: 'step: "look"',
      },
    ],
  },
  "an unanswered create is awaited": {
    breaks: "a create that lands late is nobody's",
    edits: [
      {
        file: remotes,
        find: '        : write("unsettled", { settleBy: now + UNSETTLED });',
        put: '        : write("gone");',
      },
    ],
  },
  "for a quarter of an hour": {
    breaks: "a 404 by name ends the wait for a create that lands later",
    edits: [
      {
        file: sweeping,
        find: "if (now >= (row.settleBy ?? 0)) {",
        put: "if (now >= 0) {",
      },
    ],
  },
  "one create per slot": {
    breaks: "two tabs that want a sandbox get two",
    edits: [
      {
        file: "model/slot.ts",
        find: '    case "empty":\n    case "failed":\n    case "stopped":\n      return to(\n',
        put: '    case "creating" as never:\n    case "empty":\n    case "failed":\n    case "stopped":\n      return to(\n',
      },
    ],
  },
  "a silent worker is taken over": {
    breaks: "a step whose worker died waits for its deadline",
    edits: [
      {
        file: expiry,
        find: "  await grant(ctx, slot, { delay: 0, attempt: lease.attempt });\n",
        put: "",
      },
    ],
  },
  "launches have deadlines": {
    breaks: "a launch waits for ever",
    edits: [
      {
        file: expiry,
        find: "if (launch.deadlineAt <= now) await expireLaunch(ctx, launch, now);",
        put: "",
      },
    ],
  },
  "an orphan is seen twice": {
    breaks: "what one listing shows is deleted at once",
    edits: [
      {
        file: "model/sweep.ts",
        find: "return strike.sweeps >= 2 && now - strike.firstSeenAt >= ORPHAN_GRACE;",
        put: "return strike.sweeps >= 1 && now >= strike.firstSeenAt;",
      },
    ],
  },
  "the sweep matches with what is recorded now": {
    breaks: "what was made while the list was read is taken for an orphan",
    edits: [
      {
        file: sweeping,
        find: '  return row.state !== "gone";',
        put: '  return row.state !== "gone" && Date.now() - row._creationTime > 150_000;',
      },
    ],
  },
  "admission under the caps": {
    breaks: "more sandboxes than the operator allows",
    edits: [
      {
        file: "lifecycle/admission.ts",
        find: "if (!places.admit(slot.userId)) continue;",
        put: "places.admit(slot.userId);",
      },
      {
        file: "lifecycle/admission.ts",
        find: "if (places.full) return null;",
        put: "",
      },
    ],
  },
  "a replacement deletes before it makes": {
    breaks: "two sandboxes of one slot at once",
    edits: [
      {
        file: "model/replace.ts",
        find: ': enter(slot, state, "delete", now);',
        put: ': enter(slot, state, "place", now);',
      },
    ],
  },
  "a replacement deletes only what is kept": {
    breaks: "files are gone with the old sandbox",
    edits: [
      {
        file: "model/replace.ts",
        find: 'return to(slot, { ...state, stage: awake, step: "look" }, "retry");',
        put: 'return enter(slot, state, state.stage === "keep" ? "stop" : "boot", now);',
      },
    ],
  },
  "a replacement brings back what was kept": {
    breaks: "a sandbox that lost the files is called whole",
    edits: [
      {
        file: "node/keep.ts",
        find: "disk.digest === digest",
        put: "true",
      },
    ],
  },
  "stop all stores what it stops": {
    breaks: "restore knows of nothing",
    edits: [
      {
        file: "fleet.ts",
        find: "...running.map(({ _id }) => ({",
        put: "...running.slice(1).map(({ _id }) => ({",
      },
    ],
  },
};
