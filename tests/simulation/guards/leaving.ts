import type { Guard } from "./guard";

/** What waits while the provider stops a sandbox by itself. */

const probes = "lifecycle/probes.ts";
const config = "lifecycle/config.ts";

export const LEAVING: Record<string, Guard> = {
  "a message waits for a stop under way": {
    breaks: "who writes while the provider stops a sandbox is told it is lost",
    scene: "a message to one that the provider is stopping",
    edits: [
      {
        file: "model/chat/turn.ts",
        find: "const before = leaving && suspect ?",
        put: "const before = leaving && suspect && false ?",
      },
    ],
  },
  "a message does not wait for ever": {
    breaks: "who writes is told nothing while a stop never ends",
    scene: "a message to one that the provider never gets to stop",
    edits: [
      {
        file: "chat/sending.ts",
        find: "const leaving = hasTime && ",
        put: "const leaving = ",
      },
    ],
  },
  "silence is no news of a stop under way": {
    breaks: "a message fails because the provider's API hiccuped",
    scene:
      "a message while the provider stops it, and says nothing for a while",
    edits: [
      {
        file: probes,
        find: "? row.leaving === true\n",
        put: "? false\n",
      },
    ],
  },
  "an install waits for a stop under way": {
    breaks: "a launch fails that the next start would have served",
    scene: "a skill for one that the provider is stopping",
    edits: [
      {
        file: "lifecycle/installs.ts",
        find: "  if (await waitsForStop(ctx, slot._id)) return;\n  if (flight.attempt + 1 >= MAX_TRIES) {",
        put: "  if (flight.attempt + 1 >= MAX_TRIES) {",
      },
    ],
  },
  "nothing flies to what is leaving": {
    breaks: "a skill is sent again and again to a sandbox that is stopping",
    scene: "a skill for one that the provider is stopping",
    edits: [
      {
        file: "lifecycle/installs.ts",
        find: "  if (await waitsForStop(ctx, slot._id)) return;\n  // A removal",
        put: "  // A removal",
      },
    ],
  },
  "who wants it on has not stopped it leaving": {
    breaks: "one silent look at what is leaving fails who has just come",
    scene: "one that is left on, is stopped after all, and is wanted",
    edits: [
      {
        file: "lifecycle/slots.ts",
        find: 'if (state.status === "running" && !runsOn) await',
        put: 'if (state.status === "running") await',
      },
      {
        file: probes,
        find: "const most = leaves ? UNREACHABLE_AFTER : Infinity;",
        put: "const most = leaves ? MAX_FAILURES - 1 : Infinity;",
      },
    ],
  },
  "what has left is judged by its own step": {
    breaks: "what can be brought back is stopped, and who waits is failed",
    scene: "a skill for one of which nothing is heard, and that is broken",
    edits: [
      {
        file: probes,
        find: '  if ((await requireSlot(ctx, slotId)).state.status !== "running") return;\n  const row',
        put: "  const row",
      },
    ],
  },
  "a config's write that finds nobody has it looked at": {
    breaks: "a launch fails into what a look would have started again",
    scene: "one that the provider stops before it is configured",
    edits: [
      {
        file: config,
        find: "    await startProbe(ctx, slot._id, { asksDaemon: false });\n",
        put: "",
      },
    ],
  },
  "a daemon that is not configured yet may be silent for a while": {
    breaks: "a wake is given up while its daemon is still coming up",
    scene: "one whose daemon is silent before it is configured",
    edits: [
      {
        file: config,
        find: "startProbe(ctx, slot._id, { asksDaemon: false });",
        put: "startProbe(ctx, slot._id, { asksDaemon: true });",
      },
    ],
  },
  "a config's write waits for a stop under way": {
    breaks: "what the provider is stopping is given up as unusable",
    scene: "one that the provider is stopping before it is configured",
    edits: [
      {
        file: config,
        find: "const leaving = await waitsForStop(ctx, slot._id);",
        put: "const leaving = false;",
      },
    ],
  },
};
