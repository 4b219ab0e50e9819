import { z } from "zod";
import { operation, page } from "./operation";
import { purpose, restoreItem, sandbox, ticket } from "./sandbox-schemas";
import { logEvent, nextCursor } from "./schemas";

/** The routes below /sandboxes. */

export const listSandboxes = operation({
  id: "listSandboxes",
  method: "GET",
  path: "/sandboxes",
  tag: "Sandboxes",
  summary: "Your sandboxes",
  description: "From records: asking costs no sandbox anything.",
  scope: "read",
  answer: {
    status: 200,
    schema: z.object({ sandboxes: z.array(sandbox) }),
  },
  failures: [],
});

export const getSandbox = operation({
  id: "getSandbox",
  method: "GET",
  path: "/sandboxes/{slotId}",
  tag: "Sandboxes",
  summary: "One sandbox",
  scope: "read",
  answer: { status: 200, schema: sandbox },
  failures: ["not_found"],
});

export const getSandboxLog = operation({
  id: "getSandboxLog",
  method: "GET",
  path: "/sandboxes/{slotId}/log",
  tag: "Sandboxes",
  summary: "What happened to a sandbox, newest first",
  scope: "read",
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

const place = z.object({ slotId: z.string() });

export const stopSandbox = operation({
  id: "stopSandbox",
  method: "POST",
  path: "/sandboxes/{slotId}/stop",
  tag: "Sandboxes",
  summary: "Stop a sandbox",
  description:
    "Its disk is kept. Launches under way in it are cancelled. One that waits for a place leaves the queue.",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_not_running", "sandbox_busy"],
});

export const startSandbox = operation({
  id: "startSandbox",
  method: "POST",
  path: "/sandboxes/{slotId}/start",
  tag: "Sandboxes",
  summary: "Start a stopped sandbox",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_not_running", "sandbox_busy"],
});

export const keepSandbox = operation({
  id: "keepSandbox",
  method: "POST",
  path: "/sandboxes/{slotId}/keep",
  tag: "Sandboxes",
  summary: "Keep a running sandbox for another while",
  description:
    "From now on its idle time is counted anew, as when somebody writes to its agent; `autoStopAt` follows within a minute. It never keeps one running for ever: four hours after the last thing anybody asked for, work and open pages alone do not keep it.",
  scope: ["launch", "control"],
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_not_running"],
});

export const makeTicket = operation({
  id: "makeTicket",
  method: "POST",
  path: "/sandboxes/{slotId}/tickets",
  tag: "Sandboxes",
  summary: "A ticket to a running sandbox's terminal, port or file",
  description:
    "For one use, within a minute, on this boot of this sandbox. What it opened ends when the sandbox stops or the token that made the ticket is revoked. A file is downloaded from `url` and a port is shown there. To a terminal, `url` is a WebSocket: send `Origin` with the address of Slipway's pages, and as its first message `{ticket, terminal, cols, rows}`.",
  scope: "control",
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
  id: "deleteSandbox",
  method: "DELETE",
  path: "/sandboxes/{slotId}",
  tag: "Sandboxes",
  summary: "Delete a sandbox with everything on its disk",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_busy"],
});

export const replaceSandbox = operation({
  id: "replaceSandbox",
  method: "POST",
  path: "/sandboxes/{slotId}/replace",
  tag: "Sandboxes",
  summary: "Make a sandbox anew, with its files",
  description:
    "The conversations' folders, what the agent remembers and the skills are carried over; programs that run, packages that were installed and files elsewhere are lost. Watch `state.stage`; with `state.error` it has come to a halt.",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_not_running", "sandbox_busy"],
});

export const resumeReplace = operation({
  id: "resumeReplace",
  method: "POST",
  path: "/sandboxes/{slotId}/replace/resume",
  tag: "Sandboxes",
  summary: "Go on with a replacement that came to a halt",
  description: "From the step that failed.",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found"],
});

export const cancelReplace = operation({
  id: "cancelReplace",
  method: "POST",
  path: "/sandboxes/{slotId}/replace/cancel",
  tag: "Sandboxes",
  summary: "Give a replacement up, while `cancellable`",
  description:
    "Before the old sandbox is deleted nothing has changed; where its files cannot be brought back, the new one goes on without them.",
  scope: "control",
  answer: { status: 202, schema: place },
  failures: ["not_found", "sandbox_busy"],
});

const stopping = z.object({ stopping: z.number() });

export const stopAll = operation({
  id: "stopAllSandboxes",
  method: "POST",
  path: "/sandboxes/stop-all",
  tag: "Sandboxes",
  summary: "Stop all sandboxes",
  description:
    "Remembers which, for `restore`. Launches under way are cancelled.",
  scope: "control",
  answer: { status: 202, schema: stopping },
  failures: [],
});

export const retryStopAll = operation({
  id: "retryStopAll",
  method: "POST",
  path: "/sandboxes/stop-all/retry",
  tag: "Sandboxes",
  summary: "Stop again those that stop-all could not stop",
  description: "And no others: what was started since then runs on.",
  scope: "control",
  answer: { status: 202, schema: stopping },
  failures: [],
});

export const getRestore = operation({
  id: "getRestore",
  method: "GET",
  path: "/sandboxes/restore",
  tag: "Sandboxes",
  summary: "What stop-all stopped, with what came of each",
  description:
    "A sandbox leaves the list when it runs again, or when something else is done with it.",
  scope: "read",
  answer: { status: 200, schema: z.object({ items: z.array(restoreItem) }) },
  failures: [],
});

export const restore = operation({
  id: "restoreSandboxes",
  method: "POST",
  path: "/sandboxes/restore",
  tag: "Sandboxes",
  summary: "Start what stop-all stopped",
  description: "What fails stays in the list and can be tried again.",
  scope: "control",
  answer: { status: 202, schema: z.object({ restoring: z.number() }) },
  failures: [],
});

export const declineRestore = operation({
  id: "declineRestore",
  method: "DELETE",
  path: "/sandboxes/restore",
  tag: "Sandboxes",
  summary: "Forget what stop-all stopped; the sandboxes stay as they are",
  scope: "control",
  answer: { status: 200, schema: z.object({}) },
  failures: [],
});
