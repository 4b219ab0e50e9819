import { z } from "zod";
import { operation, page } from "./operation";
import { purpose, restoreItem, sandbox, ticket } from "./sandbox-schemas";
import { logEvent, nextCursor, problem } from "./schemas";

/** The routes below /sandboxes. */

const asks = { method: "GET", tag: "Sandboxes", scope: "read" } as const;
const commands = {
  method: "POST",
  tag: "Sandboxes",
  scope: "control",
} as const;

/** Something that is asked of one sandbox, and happens behind the answer. */
const commandsOne = {
  ...commands,
  answer: { status: 202, schema: z.object({ slotId: z.string() }) },
} as const;

export const listSandboxes = operation({
  ...asks,
  id: "listSandboxes",
  path: "/sandboxes",
  summary: "Your sandboxes",
  description: "From records: asking costs no sandbox anything.",
  answer: {
    status: 200,
    schema: z.object({ sandboxes: z.array(sandbox) }),
  },
  failures: [],
});

export const getSandbox = operation({
  ...asks,
  id: "getSandbox",
  path: "/sandboxes/{slotId}",
  summary: "One sandbox",
  answer: { status: 200, schema: sandbox },
  failures: ["not_found"],
});

export const watchSandbox = operation({
  ...asks,
  id: "watchSandbox",
  path: "/sandboxes/{slotId}/events",
  summary: "Watch a sandbox",
  description:
    "Server-sent events. `sandbox` is the whole sandbox, first at once and then at every change, or the newest to who reads more slowly than it changes. After one whose state is `empty`, because it was deleted or there was none, comes `end`, and the stream closes. `problem` says why it closes early. Lines that begin with a colon keep the connection open.",
  answer: { status: 200, schema: sandbox },
  events: { sandbox, end: z.object({ state: z.string() }), problem },
  failures: ["not_found"],
});

export const getSandboxLog = operation({
  ...asks,
  id: "getSandboxLog",
  path: "/sandboxes/{slotId}/log",
  summary: "What happened to a sandbox, newest first",
  query: page(100, 50),
  answer: {
    status: 200,
    schema: z.object({
      slotId: z.string(),
      events: z.array(logEvent),
      nextCursor,
    }),
  },
  failures: ["not_found"],
});

export const stopSandbox = operation({
  ...commandsOne,
  id: "stopSandbox",
  path: "/sandboxes/{slotId}/stop",
  summary: "Stop a sandbox",
  description:
    "Its disk is kept. Launches under way in it are cancelled. One that waits for a place leaves the queue.",
  failures: ["not_found", "no_sandbox", "sandbox_busy"],
});

export const startSandbox = operation({
  ...commandsOne,
  id: "startSandbox",
  path: "/sandboxes/{slotId}/start",
  summary: "Start a stopped sandbox",
  failures: ["not_found", "no_sandbox", "sandbox_busy"],
});

export const lookAtSandbox = operation({
  ...commandsOne,
  id: "lookAtSandbox",
  path: "/sandboxes/{slotId}/look",
  summary: "Look at a running sandbox now",
  description:
    "Its state at the provider and its agent's are asked for; what is found is in the sandbox within moments. One that was heard of in the last 15 s is not asked again. Asking counts as use: its idle time begins anew when its agent answers.",
  failures: ["not_found", "sandbox_not_running"],
});

export const keepSandbox = operation({
  ...commandsOne,
  id: "keepSandbox",
  path: "/sandboxes/{slotId}/keep",
  summary: "Keep a running sandbox for another while",
  description:
    "From now on its idle time is counted anew, as when somebody writes to its agent; `autoStopAt` follows within a minute. It never keeps one running for ever: four hours after the last thing anybody asked for, work and open pages alone do not keep it.",
  scope: ["launch", "control"],
  failures: ["not_found", "sandbox_not_running"],
});

export const makeTicket = operation({
  ...commands,
  id: "makeTicket",
  path: "/sandboxes/{slotId}/tickets",
  summary: "A ticket to a running sandbox's terminal, port or file",
  description:
    "For one use, within a minute, on this boot of this sandbox. What it opened ends when the sandbox stops or the token that made the ticket is revoked. A file is downloaded from `url` and a port is shown there. To a terminal, `url` is a WebSocket: send `Origin` with the address of Slipway's pages, and as its first message `{ticket, terminal, cols, rows}`.",
  body: { schema: purpose, maxBytes: 16_384 },
  answer: { status: 200, schema: ticket },
  failures: [
    "not_found",
    "sandbox_not_running",
    "port_reserved",
    "relay_unavailable",
  ],
  secret: true,
});

export const deleteSandbox = operation({
  ...commandsOne,
  id: "deleteSandbox",
  method: "DELETE",
  path: "/sandboxes/{slotId}",
  summary: "Delete a sandbox with everything on its disk",
  failures: ["not_found", "sandbox_busy"],
});

export const replaceSandbox = operation({
  ...commandsOne,
  id: "replaceSandbox",
  path: "/sandboxes/{slotId}/replace",
  summary: "Make a sandbox anew, with its files",
  description:
    "The conversations' folders, what the agent remembers and the skills are carried over; programs that run, packages that were installed and files elsewhere are lost. Watch `state.stage`; with `state.error` it has come to a halt.",
  failures: [
    "not_found",
    "no_sandbox",
    "sandbox_busy",
    "over_cap",
    "caps_unreadable",
  ],
});

export const resumeReplace = operation({
  ...commandsOne,
  id: "resumeReplace",
  path: "/sandboxes/{slotId}/replace/resume",
  summary: "Go on with a replacement that came to a halt",
  description: "From the step that failed.",
  failures: ["not_found", "not_replacing", "over_cap", "caps_unreadable"],
});

export const cancelReplace = operation({
  ...commandsOne,
  id: "cancelReplace",
  path: "/sandboxes/{slotId}/replace/cancel",
  summary: "Give a replacement up, while the old sandbox is there",
  description:
    "Nothing has changed then. Once the old one is gone it is refused with `would_lose_files`.",
  failures: ["not_found", "not_replacing", "sandbox_busy", "would_lose_files"],
});

export const replaceWithoutFiles = operation({
  ...commandsOne,
  id: "replaceWithoutFiles",
  path: "/sandboxes/{slotId}/replace/without-files",
  summary: "Give a replacement up, and the files with it",
  description:
    "Where they cannot be brought back, while `cancellable`: what was kept is deleted, and the new sandbox goes on without it.",
  failures: ["not_found", "not_replacing", "sandbox_busy"],
});

const stopping = z.object({ stopping: z.number() });

export const stopAll = operation({
  ...commands,
  id: "stopAllSandboxes",
  path: "/sandboxes/stop-all",
  summary: "Stop all sandboxes",
  description:
    "Remembers which, for `restore`. Launches under way are cancelled.",
  answer: { status: 202, schema: stopping },
  failures: [],
});

export const retryStopAll = operation({
  ...commands,
  id: "retryStopAll",
  path: "/sandboxes/stop-all/retry",
  summary: "Stop again those that stop-all could not stop",
  description: "And no others: what was started since then runs on.",
  answer: { status: 202, schema: stopping },
  failures: [],
});

export const getRestore = operation({
  ...asks,
  id: "getRestore",
  path: "/sandboxes/restore",
  summary: "What stop-all stopped, with what came of each",
  description:
    "A sandbox leaves the list when it runs again, or when something else is done with it.",
  answer: { status: 200, schema: z.object({ items: z.array(restoreItem) }) },
  failures: [],
});

export const restore = operation({
  ...commands,
  id: "restoreSandboxes",
  path: "/sandboxes/restore",
  summary: "Start what stop-all stopped",
  description: "What fails stays in the list and can be tried again.",
  answer: { status: 202, schema: z.object({ restoring: z.number() }) },
  failures: [],
});

export const declineRestore = operation({
  ...commands,
  id: "declineRestore",
  method: "DELETE",
  path: "/sandboxes/restore",
  summary: "Forget what stop-all stopped; the sandboxes stay as they are",
  answer: { status: 200, schema: z.object({}) },
  failures: [],
});
