import type { Guard } from "./guard";

/** Who may report, and what a report may claim. */

const leases = "lifecycle/leases.ts";
const probes = "lifecycle/probes.ts";
const config = "lifecycle/config.ts";
const installs = "lifecycle/installs.ts";
const remotes = "lifecycle/remotes.ts";

export const REPORTS: Record<string, Guard> = {
  "generation of a lease": {
    breaks: "a worker of an older generation reports on the newer one",
    scene: "a worker of the generation before, with today's token",
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
    scene: "a config write of the generation before, with today's token",
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
    scene: "a config write with a token of its own",
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
    scene: "a sandbox that is stopped and started",
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
    scene: "a look with a token of its own",
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
    scene: "a look at what was before the last change",
    edits: [
      {
        file: probes,
        find: "    if (slot.revision !== revision) {\n",
        put: "    if (slot.revision !== revision && false) {\n",
      },
    ],
  },
  "an answer is as old as its question": {
    breaks: "a launch into a sandbox that died meanwhile is called confirmed",
    scene: "a look that is told late, and a launch meanwhile",
    edits: [
      {
        file: "lifecycle/activity.ts",
        find: "    confirmedAt: Math.max(row.confirmedAt, now - ms),\n",
        put: "    confirmedAt: now,\n",
      },
    ],
  },
  "an install's digest is ours": {
    breaks: "a skill is listed that is not what was sent",
    scene: "an install that is answered with another digest",
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
    scene: "an install that takes longer than the config",
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
        find: "  if (listed) return;\n",
        put: "",
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
