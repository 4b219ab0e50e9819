import type { Guard } from "./guard";

/** One create per slot, and what it makes is found, whoever made it and however late. */

const remotes = "lifecycle/remotes.ts";
const settling = "lifecycle/settling.ts";
const expiry = "lifecycle/expiry.ts";

export const CREATES: Record<string, Guard> = {
  "one create per slot": {
    breaks: "two who want a sandbox get two",
    behind: "a start of what is being made is no wish of its own",
    scene: "a start asked for while the create is on its way",
    edits: [
      {
        file: "model/slot.ts",
        find: '    case "stopped":\n      return to(\n        slot,\n        { status: "queued", since: now, from: asked(state), for: by },\n',
        put: '    case "stopped":\n    case "creating" as never:\n      return to(\n        slot,\n        { status: "queued", since: now, from: (state.status as string) === "creating" ? { status: "empty" } : asked(state), for: by },\n',
      },
      {
        file: "sandboxes.ts",
        find: '      case "creating":\n        return null;\n      case "queued":\n',
        put: '        return null;\n      case "creating":\n      case "queued":\n',
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
        file: settling,
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
};
