import type { Guard } from "./guard";

/** What the provider refuses because of a state, what it calls one, and a disk that is full. */

const daytona = "node/daytona.ts";

export const STATES: Record<string, Guard> = {
  "a refused start is looked into": {
    breaks: "a stopped sandbox that has failed is never brought back",
    scene: "a stopped sandbox that the provider calls broken",
    edits: [
      {
        file: daytona,
        find: '  return unlessMoved(ref, "stopped", ofKnown(ref, call));\n',
        put: "  return ofKnown(ref, call);\n",
      },
    ],
  },
  "a refused recover is looked into": {
    breaks: "a sandbox that was recovered before is given up as broken",
    scene: "a recover that happens and kills its worker",
    edits: [
      {
        file: daytona,
        find: '  return unlessMoved(ref, "failed", ofKnown(ref, call));\n',
        put: "  return ofKnown(ref, call);\n",
      },
    ],
  },
  "a stop's 404 is no evidence": {
    breaks: "a sandbox that was stopped is deleted with its files",
    scene: "a stop after which the provider does not find it",
    edits: [
      {
        file: daytona,
        find: '    if (sandbox.state !== "destroyed") return toOutcome(sandbox);\n',
        put: "    if (sandbox.id) return toOutcome(sandbox);\n",
      },
    ],
  },
  "a full disk fails who waits": {
    breaks: "a launch into a sandbox without room goes on until its deadline",
    scene: "a disk that is full when its sandbox is woken",
    edits: [
      {
        file: "model/slot.ts",
        find: "? { ...stay(slot), failed: diskFull() }",
        put: "? stay(slot)",
      },
    ],
  },
  "a disk that was full is tried again": {
    breaks: "what is launched after room was made goes on until its deadline",
    scene: "a disk that is full when its sandbox is woken",
    edits: [
      {
        file: "lifecycle/config.ts",
        find: '(status === "full" && ',
        put: '(status === "full" && false && ',
      },
    ],
  },
  "a stop under way is no start": {
    breaks: "what the provider stops for want of use is started for nobody",
    scene: "a look at one that the provider is stopping",
    edits: [
      {
        file: "model/slotProbes.ts",
        find: '        case "stopping":\n          // The next look',
        put: '        case "stopping":\n          return to(slot, { status: "starting", since: now, step: "look" }, "now");\n          // The next look',
      },
    ],
  },
};
