import type { Guard } from "./guard";

/** The sweeper, the caps and the queue. */

const sweeping = "lifecycle/sweeping.ts";
const admission = "lifecycle/admission.ts";

export const PLACES: Record<string, Guard> = {
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
  "a message that gives up leaves the line": {
    breaks: "a place is kept from others, or given, for nobody",
    scene: "a message that waits for a place for longer than it may",
    edits: [
      {
        file: "turns.ts",
        find: "  await abandonIfUnwanted(ctx, turn.slotId); // a place in line is for nobody now\n",
        put: "",
      },
    ],
  },
  "who leaves the line leaves a message behind": {
    breaks: "what was called off is made all the same",
    scene: "a launch in line that is cancelled, with a message to it",
    edits: [
      {
        file: "lifecycle/reconcile.ts",
        find: 'const starts = state.status === "queued" && isOff(state);',
        put: 'const starts = state.status === "queued";',
      },
    ],
  },
};
