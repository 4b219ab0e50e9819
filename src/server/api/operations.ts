import { z } from "zod";
import { operation, page, type Operation } from "./operation";
import * as sandboxes from "./sandbox-operations";
import {
  launch,
  launched,
  logEvent,
  message,
  nextCursor,
  problem,
  resolved,
  session,
} from "./schemas";

/** Every route of the HTTP API; the files under src/app/api/v1 serve them. */

const FROM_LINKS = [
  "bad_link",
  "host_not_allowed",
  "hosts_unreadable",
  "repo_not_found",
  "repo_unreachable",
  "skill_not_found",
  "skill_invalid",
  "archive_too_large",
  "archive_hostile",
] as const;

export const createLaunch = operation({
  id: "createLaunch",
  method: "POST",
  path: "/launches",
  tag: "Launches",
  summary: "Launch a skill",
  description:
    "At its newest commit, which is consent to run that commit. Joins an equal launch that is under way. Without a free place it waits in line: see `position`.",
  scope: "launch",
  body: {
    schema: z.object({
      skill: z.string().trim().min(1).max(2_000).meta({
        description: "owner/repo/skill, or any link the home page takes.",
      }),
      own: z.boolean().optional().meta({
        description:
          "Whether it gets a sandbox that no other skill shares. Without it: yes for a skill that asks for secrets.",
      }),
    }),
    maxBytes: 16_384,
  },
  answer: { status: 202, schema: launched },
  failures: [
    ...FROM_LINKS,
    "skill_not_loaded",
    "too_many_launches",
    "too_many_sandboxes",
    "replace_halted",
  ],
});

export const listLaunches = operation({
  id: "listLaunches",
  method: "GET",
  path: "/launches",
  tag: "Launches",
  summary: "Your launches, newest first",
  scope: "read",
  query: page(100, 30),
  answer: {
    status: 200,
    schema: z.object({ launches: z.array(launch), nextCursor }),
  },
  failures: [],
});

export const getLaunch = operation({
  id: "getLaunch",
  method: "GET",
  path: "/launches/{id}",
  tag: "Launches",
  summary: "One launch",
  scope: "read",
  answer: { status: 200, schema: launch },
  failures: ["not_found"],
});

export const watchLaunch = operation({
  id: "watchLaunch",
  method: "GET",
  path: "/launches/{id}/events",
  tag: "Launches",
  summary: "Watch a launch until it ends",
  description:
    "Server-sent events. `launch` is the whole launch, first at once and then at every change, or the newest to who reads more slowly than it changes; after the one in which it has ended comes `end`, and the stream closes. `problem` says why it closes early. Lines that begin with a colon keep the connection open.",
  scope: "read",
  answer: { status: 200, schema: launch },
  events: { launch, end: z.object({ state: z.string() }), problem },
  failures: ["not_found"],
});

export const getLaunchLog = operation({
  id: "getLaunchLog",
  method: "GET",
  path: "/launches/{id}/log",
  tag: "Launches",
  summary: "What happened during a launch, oldest first",
  description:
    "Its own entries and what was done to its sandbox for it: each remote call with its time and outcome. At most 300.",
  scope: "read",
  answer: {
    status: 200,
    schema: z.object({ launchId: z.string(), events: z.array(logEvent) }),
  },
  failures: ["not_found"],
});

const cancelled = z.object({ launchId: z.string() });

export const cancelLaunch = operation({
  id: "cancelLaunch",
  method: "POST",
  path: "/launches/{id}/cancel",
  tag: "Launches",
  summary: "Cancel a launch",
  description: "Its sandbox stays for the others that use it.",
  scope: "launch",
  answer: { status: 202, schema: cancelled },
  failures: ["not_found"],
});

export const deleteLaunch = operation({
  ...cancelLaunch,
  id: "deleteLaunch",
  method: "DELETE",
  path: "/launches/{id}",
  summary: "Cancel a launch (the same as POST .../cancel)",
});

export const listSessions = operation({
  id: "listSessions",
  method: "GET",
  path: "/sessions",
  tag: "Conversations",
  summary: "Your conversations, newest first",
  scope: "read",
  query: page(100, 30),
  answer: {
    status: 200,
    schema: z.object({ sessions: z.array(session), nextCursor }),
  },
  failures: [],
});

export const getSession = operation({
  id: "getSession",
  method: "GET",
  path: "/sessions/{id}",
  tag: "Conversations",
  summary: "One conversation",
  scope: "read",
  answer: { status: 200, schema: session },
  failures: ["not_found"],
});

export const deleteSession = operation({
  id: "deleteSession",
  method: "DELETE",
  path: "/sessions/{id}",
  tag: "Conversations",
  summary: "Delete a conversation with all that was said in it",
  description:
    "What runs or waits in it is stopped, and a launch under way for it is cancelled. Files it left in its sandbox stay there. Asked again: `not_found`, and nothing happens.",
  scope: "control",
  answer: { status: 200, schema: z.object({ sessionId: z.string() }) },
  failures: ["not_found"],
});

export const sendMessage = operation({
  id: "sendMessage",
  method: "POST",
  path: "/sessions/{id}/messages",
  tag: "Conversations",
  summary: "Say something to the agent",
  description:
    "Its answer follows in the list of messages. A stopped sandbox is started.",
  scope: "launch",
  body: {
    schema: z.object({
      text: z.string().meta({ description: "1 to 32,000 characters." }),
    }),
    // 32,000 characters of four bytes, escaped, with room for the rest.
    maxBytes: 256 * 1_024,
  },
  answer: { status: 202, schema: z.object({ messageId: z.string() }) },
  failures: ["not_found"],
});

export const listMessages = operation({
  id: "listMessages",
  method: "GET",
  path: "/sessions/{id}/messages",
  tag: "Conversations",
  summary: "A conversation's messages, the newest page first",
  description:
    "Within a page the oldest is first; `nextCursor` leads to older ones.",
  scope: "read",
  query: page(100, 100),
  answer: {
    status: 200,
    schema: z.object({
      sessionId: z.string(),
      messages: z.array(message),
      nextCursor,
    }),
  },
  failures: ["not_found"],
});

export const stopSession = operation({
  id: "stopSession",
  method: "POST",
  path: "/sessions/{id}/stop",
  tag: "Conversations",
  summary: "Stop what the agent is doing, and what waits",
  scope: "launch",
  answer: { status: 202, schema: z.object({ sessionId: z.string() }) },
  failures: ["not_found"],
});

export const retryMessage = operation({
  id: "retryMessage",
  method: "POST",
  path: "/messages/{messageId}/retry",
  tag: "Conversations",
  summary: "Run a failed or stopped answer again",
  description:
    "In its place: the message stays, what it had said is gone. While it is queued or running nothing happens; one that is done, or that a person wrote, is `bad_request`. A stopped sandbox is started.",
  scope: "launch",
  answer: { status: 202, schema: z.object({ messageId: z.string() }) },
  failures: ["not_found"],
});

export const resolveSkill = operation({
  id: "resolveSkill",
  method: "GET",
  path: "/skills/resolve",
  tag: "Skills",
  summary: "What a link leads to; launches nothing",
  scope: "read",
  query: z.object({
    link: z.string().trim().min(1).max(2_000),
  }),
  answer: { status: 200, schema: resolved },
  failures: [...FROM_LINKS],
});

export const getMe = operation({
  id: "getMe",
  method: "GET",
  path: "/me",
  tag: "You",
  summary: "Whose token this is",
  description: "null before your first launch or message.",
  scope: "read",
  answer: {
    status: 200,
    schema: z.object({
      user: z.object({ userId: z.string(), name: z.string() }).nullable(),
    }),
  },
  failures: [],
});

export const OPERATIONS: readonly Operation[] = [
  createLaunch,
  listLaunches,
  getLaunch,
  deleteLaunch,
  watchLaunch,
  getLaunchLog,
  cancelLaunch,
  ...Object.values(sandboxes),
  listSessions,
  getSession,
  deleteSession,
  listMessages,
  sendMessage,
  stopSession,
  retryMessage,
  resolveSkill,
  getMe,
];
