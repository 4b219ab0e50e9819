/**
 * Every guard of the lifecycle's core, with the edit that takes it out. A text
 * that is no longer found is an error, so the table stays true.
 */
export type Edit = { file: string; find: string; put: string };

export type Guard = {
  /** What goes wrong without it. */
  breaks: string;
  edits: Edit[];
  /** Another guard that hides its absence, so that both are taken out. */
  behind?: string;
} & (
  | {
      /** The scene that notices (scenes/). */
      scene: string;
    }
  | {
      /** A seed that notices. */
      seed: number;
    }
);

const leases = "lifecycle/leases.ts";
const probes = "lifecycle/probes.ts";
const config = "lifecycle/config.ts";
const installs = "lifecycle/installs.ts";
const remotes = "lifecycle/remotes.ts";
const sweeping = "lifecycle/sweeping.ts";
const expiry = "lifecycle/expiry.ts";
const admission = "lifecycle/admission.ts";

export const GUARDS: Record<string, Guard> = {
  "generation of a lease": {
    breaks: "a worker of an older generation reports on the newer one",
    seed: 1,
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
    scene: "a worker that freezes while a create is slow",
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
    seed: 7,
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
    seed: 1,
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
    seed: 1,
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
    seed: 8,
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
    seed: 1,
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
    seed: 7,
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
    seed: 1,
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
    scene: "a create whose answer is lost",
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
    scene: "a name that somebody else holds",
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
    seed: 1,
    edits: [
      {
        file: "node/daytona.ts",
        find: '      return { kind: "conflict" }; // the list and GET disagree: ask again\n',
        put: "",
      },
    ],
  },
  "a deletion is confirmed": {
    breaks: "a slot is free while its sandbox still lives",
    scene: "a deletion that does nothing",
    edits: [
      {
        file: "model/slotSteps.ts",
        find: '        { ...state, step: outcome.provider === "deleting" ? "look" : "delete" },\n        "retry",\n',
        put: '        { status: "empty" },\n        "none",\n        { state: "gone" },\n',
      },
    ],
  },
  "a deletion is repeated": {
    breaks: "what a provider forgot to delete lives on for minutes",
    scene: "a deletion that does nothing",
    edits: [
      {
        file: "model/slotSteps.ts",
        find: 'step: outcome.provider === "deleting" ? "look" : "delete"',
        put: 'step: "look"',
      },
    ],
  },
  "a deletion by name is of what is ours": {
    breaks: "somebody else's sandbox is deleted for its name",
    scene: "a name that somebody else takes while a create is unanswered",
    edits: [
      {
        file: "node/daytona.ts",
        find: 'sandbox.state !== "destroyed" && nameOf(sandbox) === name',
        put: 'sandbox.state !== "destroyed"',
      },
    ],
  },
  "an unanswered create is awaited": {
    breaks: "a create that lands late is nobody's",
    scene: "a create that lands after its launch was cancelled",
    edits: [
      {
        file: remotes,
        find: '        : write("unsettled", { settleBy: now + UNSETTLED });',
        put: '        : write("gone");',
      },
    ],
  },
  "a 404 by name does not end that wait": {
    breaks: "a create that lands after the first look is nobody's",
    scene: "a create that lands after its launch was cancelled",
    edits: [
      {
        file: sweeping,
        find: "if (now >= (row.settleBy ?? 0)) {",
        put: "if (now >= 0) {",
      },
    ],
  },
  "it is awaited for a quarter of an hour": {
    breaks: "a create that lands after some minutes is nobody's",
    scene: "a create that lands after fourteen minutes",
    edits: [
      {
        file: "model/timing.ts",
        find: "export const UNSETTLED = 15 * MINUTE;",
        put: "export const UNSETTLED = 5 * MINUTE;",
      },
    ],
  },
  "one create per slot": {
    breaks: "two who want a sandbox get two",
    behind: "a start of what is being made is no wish of its own",
    scene: "a start asked for while the create is on its way",
    edits: [
      {
        file: "model/slot.ts",
        find: '    case "stopped":\n      return to(\n        slot,\n        { status: "queued", since: now, from: state, for: by },\n',
        put: '    case "stopped":\n    case "creating" as never:\n      return to(\n        slot,\n        { status: "queued", since: now, from: (state.status as string) === "creating" ? { status: "empty" } : state, for: by },\n',
      },
      {
        file: "sandboxes.ts",
        find: '      case "creating":\n        return null;\n      case "queued":\n',
        put: '        return null;\n      case "creating":\n      case "queued":\n',
      },
    ],
  },
  "a silent worker is taken over": {
    breaks: "a step whose worker died waits for its deadline",
    scene: "a worker that dies in its create",
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
    scene: "a launch of which every step is slow",
    edits: [
      {
        file: expiry,
        find: "if (launch.deadlineAt <= now) await expireLaunch(ctx, launch, now);",
        put: "",
      },
    ],
  },
  "an orphan has a minute": {
    breaks: "what two lists show within a minute is deleted",
    scene: "a stranger that a slow list shows",
    edits: [
      {
        file: "model/sweep.ts",
        find: "return strike.sweeps >= 2 && now - strike.firstSeenAt >= ORPHAN_GRACE;",
        put: "return strike.sweeps >= 2 && now >= strike.firstSeenAt;",
      },
    ],
  },
  "an orphan is seen twice": {
    breaks: "what one list shows is deleted at once",
    behind: "an orphan has a minute",
    scene: "a stranger that a slow list shows",
    edits: [
      {
        file: "model/sweep.ts",
        find: "return strike.sweeps >= 2 && now - strike.firstSeenAt >= ORPHAN_GRACE;",
        put: "return strike.sweeps >= 1 && now >= strike.firstSeenAt;",
      },
    ],
  },
  "the sweeper's brake": {
    breaks: "a mistake of ours deletes everything",
    scene: "five strangers at once",
    edits: [
      {
        file: sweeping,
        find: "condemned: halted ? [] : condemned",
        put: "condemned",
      },
    ],
  },
  "the sweep matches with what is recorded now": {
    breaks: "what the records of five minutes ago did not know is an orphan",
    scene: "a sandbox that has just been made, under the sweeps",
    edits: [
      {
        file: sweeping,
        find: '  return row.state !== "gone";',
        put: '  return row.state !== "gone" && Date.now() - row._creationTime > 300_000;',
      },
    ],
  },
  "the cap of a person": {
    breaks: "one person has more than the operator allows",
    scene: "more wanted than one person may have",
    edits: [
      {
        file: "model/admission.ts",
        find: " || (this.held.get(user) ?? 0) >= this.caps.user",
        put: "",
      },
    ],
  },
  "the cap of the deployment": {
    breaks: "there are more sandboxes than the operator allows",
    behind: "the same cap, asked before anybody is looked at",
    scene: "more wanted than there are places",
    edits: [
      {
        file: "model/admission.ts",
        find: "this.full || (this.held",
        put: "(this.held",
      },
      {
        file: admission,
        find: "if (places.full || admitted.length",
        put: "if (admitted.length",
      },
    ],
  },
  "the order of the queue": {
    breaks: "who came last is served first",
    scene: "two that wait for one place",
    edits: [
      {
        file: admission,
        find: '.withIndex("by_status_and_since", (q) => q.eq("state.status", status));',
        put: '.withIndex("by_status_and_since", (q) => q.eq("state.status", status)).order("desc");',
      },
    ],
  },
  "a place is free once its stop is confirmed": {
    breaks: "the next one starts while the last still runs",
    scene: "a stop that is not answered, and one that waits",
    edits: [
      {
        file: "model/slot.ts",
        find: '    case "stopped":\n      return true;\n',
        put: '    case "stopping":\n    case "stopped":\n      return true;\n',
      },
    ],
  },
  "a place is free once its sandbox is gone": {
    breaks: "the next one is made while the last still runs",
    scene: "a deletion that is never carried out, and one that waits",
    edits: [
      {
        file: admission,
        find: 'remote.state !== "gone" && !off',
        put: '!["gone", "deleting"].includes(remote.state) && !off',
      },
    ],
  },
  "a replacement deletes before it makes": {
    breaks: "two sandboxes of one slot at once",
    scene: "a replacement",
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
    scene: "a replacement whose files cannot be copied out",
    edits: [
      {
        file: "model/replace.ts",
        find: 'return to(again, { ...state, stage, step }, "retry");',
        put: 'return before ? enter(again, state, "stop", now) : to(again, { ...state, stage, step }, "retry");',
      },
    ],
  },
  "a late copy is dropped only if nobody recorded it": {
    breaks: "a report that arrives twice deletes the files that were kept",
    scene: "a report of what was kept that arrives twice",
    edits: [
      {
        file: "lifecycle/keeps.ts",
        find: "  if ((await getKeep(ctx, slotId))?.storageId === storageId) return;\n",
        put: "",
      },
    ],
  },
  "a replacement brings back what was kept": {
    breaks: "a sandbox that lost the files is called whole",
    scene: "a replacement whose copy is answered wrongly",
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
    scene: "all are stopped and brought back",
    edits: [
      {
        file: "fleet.ts",
        find: "...running.map(({ _id }) => ({",
        put: "...running.slice(1).map(({ _id }) => ({",
      },
    ],
  },
  "an install is of its generation": {
    breaks: "what arrived in one sandbox is listed of the next",
    behind: "a flight ends with its boot",
    scene: "an install that reports on a sandbox that is gone",
    edits: [
      {
        file: installs,
        find: "  if (slot.generation !== flight.generation) return null;\n",
        put: "",
      },
      {
        file: remotes,
        find: '  for (const row of flights) await ctx.db.delete("installs", row._id);\n',
        put: "",
      },
    ],
  },
  "an uninstall names its install": {
    breaks: "a removal that comes late takes what was installed since",
    scene: "a version that is wanted again while it goes",
    edits: [
      {
        file: "node/install.ts",
        find: '    "x-install-id": installId,\n',
        put: '    "x-install-id": installId && "the same",\n',
      },
    ],
  },
};
