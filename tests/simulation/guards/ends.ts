import type { Guard } from "./guard";

/** What is deleted, replaced or stopped, and what is kept of it. */

export const ENDS: Record<string, Guard> = {
  "gone only with evidence": {
    breaks: "a 404 of a provider that lags costs a living sandbox its record",
    scene: "a provider that does not find what is there",
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
  "the key of a silent copy ends with it": {
    breaks: "a request that arrives late undoes what was made since",
    scene: "a restore that arrives when its worker is long dead",
    edits: [
      {
        file: "lifecycle/expiry.ts",
        find: "  if (lease.claimed && copy) return repeatCopy(ctx, slot._id, copy);\n",
        put: "",
      },
    ],
  },
  "what waits for a stop goes when all are stopped": {
    breaks: "what was stopped with all is started by what was said before",
    scene: "all are stopped while a message waits for a stop",
    edits: [
      {
        file: "lifecycle/reconcile.ts",
        find: ' || slot.state.status === "stopping"',
        put: "",
      },
    ],
  },
  "what waits for a stop goes when it is asked for again": {
    breaks: "what is stopped again is started by what was wanted before",
    scene: "a stop that is asked for again while a launch waits for it",
    edits: [
      {
        file: "sandboxes.ts",
        find: '        await cancelWaiting(ctx, slot, "You stopped the sandbox.");\n        return null;\n',
        put: "        return null;\n",
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
};
