import type { Guard } from "./guard";

/** Replacements that halt, and whether there will be a place. */

export const HALTS: Record<string, Guard> = {
  "what would have no place is not replaced": {
    breaks: "a sandbox is deleted, and no other can be made for its files",
    scene: "a replacement after the operator has lowered a cap",
    edits: [
      {
        file: "lifecycle/driver.ts",
        find: 'outcome.kind === "kept" && (await overCapOf(ctx, slotId));',
        put: 'outcome.kind === "kept" && false && (await overCapOf(ctx, slotId));',
      },
    ],
  },
  "what nobody goes on with is not started": {
    breaks: "a sandbox that was left alone takes a place for nobody",
    scene: "a replacement that halts, and that nobody goes on with",
    edits: [
      {
        file: "model/replace.ts",
        find: "    // Given up; but nobody is there, and nothing is started for them.\n",
        put: "    if (slot) return cancelReplacing(slot, state, now);\n",
      },
    ],
  },
  "nor goes on to where it would have none": {
    breaks: "a sandbox is deleted, and no other can be made for its files",
    scene: "a replacement that halts at its stop, and a cap that is lowered",
    edits: [
      {
        file: "sandboxes.ts",
        find: 'const over = state.stage === "stop" && (await',
        put: 'const over = state.stage === "stop" && false && (await',
      },
    ],
  },
  "files go only if that was said": {
    breaks: "whoever saw the old one there, and is heard late, loses its files",
    scene: "a replacement that is given up by who saw the old one there",
    edits: [
      {
        file: "sandboxes.ts",
        find: "if (!isOldThere(state) && !withoutFiles)",
        put: "if (!isOldThere(state) && !withoutFiles && false)",
      },
    ],
  },
};
