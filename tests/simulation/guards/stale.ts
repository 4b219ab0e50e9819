import type { Guard } from "./guard";

/** What is called running, and where nobody who knows us is. */

const probes = "lifecycle/probes.ts";

export const STALE: Record<string, Guard> = {
  "what nobody claimed is claimed": {
    breaks: "a launch waits for what runs until its own deadline",
    scene: "a stop that does not happen to one that is still starting",
    edits: [
      {
        file: probes,
        find: 'if (!boot?.access) return "unclaimed" as const;',
        put: 'if (!boot?.access) return "unasked" as const;',
      },
    ],
  },
  "who uses what did not stop wants it on": {
    breaks:
      "a stop that is long forgotten is said to be due, and asked for again",
    scene: "a launch into one that was to stop, and did not",
    edits: [
      {
        file: "lifecycle/slots.ts",
        find: 'if (a.status === "running" && b.status === "running") {',
        put: 'if (a.status === "running" && b.status === "running" && false) {',
      },
    ],
  },
  "who came during a stop that did not happen wants it on": {
    breaks: "what somebody uses is said to be left running, and stopped again",
    scene: "a launch while a stop is under way that does not happen",
    edits: [
      {
        file: "lifecycle/reconcile.ts",
        find: 'if (state.status !== "running" || !state.error) return false;',
        put: "if (state) return false;",
      },
    ],
  },
  "what runs on is the same boot": {
    breaks: "an open terminal is cut because somebody wrote a message",
    scene: "a launch into one that was to stop, and did not",
    edits: [
      {
        file: "lifecycle/slots.ts",
        find: "(changed && !runsOn ? 1 : 0)",
        put: "(changed ? 1 : 0)",
      },
    ],
  },
  "a conversation that is deleted is not launched again": {
    breaks: "a sandbox is made for a conversation that is no more",
    scene:
      "a conversation that is deleted while its sandbox turns out to be gone",
    edits: [
      {
        file: "lifecycle/instant.ts",
        find: '    if (!(await ctx.db.get("sessions", launch.sessionId))) continue;\n',
        put: "",
      },
    ],
  },
  "a message has claimed what nobody claimed": {
    breaks: "who writes waits for what runs until the message's own deadline",
    scene: "a message to one that was never claimed",
    edits: [
      {
        file: "chat/dispatch.ts",
        find: "  if (isServing(slot.state) && !boot?.access) await",
        put: "  if (isServing(slot.state) && !boot?.access && false) await",
      },
    ],
  },
  "a copy is made of what is claimed": {
    breaks: "a replacement throws again and again, and halts after minutes",
    scene: "a replacement of one that was never claimed",
    edits: [
      {
        file: "lifecycle/driver.ts",
        find: "if (copies && !(await getBoot(ctx, slot))?.access) {",
        put: "if (copies && false) {",
      },
    ],
  },
  "a move ends what was at work": {
    breaks:
      "a turn that a restart has ended keeps all others from their answers",
    scene: "a sandbox that moves while its agent works, and another message",
    edits: [
      {
        file: probes,
        find: "      (await hasTurns(ctx, slotId)) ||\n      (await isInUse(ctx, row)));",
        put: "      false);",
      },
    ],
  },
  "what is somewhere else is set up again": {
    breaks: "a launch ends with a sandbox that only has a new address stopped",
    scene: "a sandbox that was idle for long, and is somewhere else by now",
    edits: [
      {
        file: probes,
        find: "    (waiting ||\n      believed",
        put: "    (believed",
      },
    ],
  },
  "an install sees that its sandbox is somewhere else": {
    breaks: "an answer fails because its skill cannot be put where nobody is",
    scene:
      "a message for a skill that is not there, to one that is somewhere else",
    edits: [
      {
        file: "node/install.ts",
        find: "(await hasMoved(error, work)) ? ",
        put: "(await hasMoved(error, work)) && false ? ",
      },
    ],
  },
  "a config's write sees that its sandbox is somewhere else": {
    breaks: "what was started is stopped because it restarted once more",
    scene: "a sandbox that is somewhere else before it is configured",
    edits: [
      {
        file: "node/configure.ts",
        find: "(await hasMoved(error, work)) ? ",
        put: "(await hasMoved(error, work)) && false ? ",
      },
    ],
  },
};
