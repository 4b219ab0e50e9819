import type { LogWhat } from "@convex/model/logEntry";
import { isDetail, tell } from "@convex/model/logWords";
import type {
  LaunchView,
  LogEntry,
  MessageView,
  SandboxView,
  SessionView,
} from "../data/types";

/** Made-up records for the gallery. Ids are cast: no backend ever sees them. */

const SHA = "c1bcae5d2f0e4b7c9a1d3e5f7a9b0c2d4e6f8a0b";
const ago = (seconds: number) => Date.now() - seconds * 1000;

export const session = {
  sessionId: "s1",
  slotId: "slot1",
  title: "Why does the March export fail to import?",
  skillKey: "local/slipway/examples/skills/csv-detective",
  skillName: "csv-detective",
  link: "/slipway/examples/csv-detective",
  sha: SHA,
  createdAt: ago(300),
} as SessionView;

export const failed = {
  code: "sandbox_failed",
  message: "The provider could not make the sandbox: no runner is free.",
  next: "Launch again: a new sandbox is made.",
  retryable: true,
};

export function launch(fields: Partial<LaunchView>): LaunchView {
  return {
    launchId: "l1",
    sessionId: "s1",
    sandboxId: null,
    skillKey: session.skillKey,
    skillName: session.skillName,
    sha: SHA,
    link: session.link,
    path: "cold",
    state: "creating",
    error: null,
    createdAt: ago(14),
    readyAt: null,
    endedAt: null,
    ...{ position: null, ownCap: null, own: false },
    steps: [
      {
        name: "queue",
        startedAt: ago(14),
        endedAt: ago(13.6),
        outcome: "done",
      },
      { name: "create", startedAt: ago(13.6) },
    ],
    ...fields,
  } as LaunchView;
}

export const launches: LaunchView[] = [
  launch({}),
  launch({
    launchId: "l2" as never,
    state: "ready",
    path: "hot",
    readyAt: ago(100),
    endedAt: ago(100),
    createdAt: ago(103),
    steps: [
      { name: "queue", startedAt: ago(103), endedAt: ago(102.8) },
      { name: "install", startedAt: ago(102.8), endedAt: ago(100) },
    ],
  }),
  launch({
    launchId: "l3" as never,
    state: "failed",
    error: failed,
    createdAt: ago(4000),
    endedAt: ago(3960),
    steps: [
      { name: "queue", startedAt: ago(4000), endedAt: ago(3990) },
      {
        name: "create",
        startedAt: ago(3990),
        endedAt: ago(3960),
        outcome: "failed",
        detail: "Asked 3 times",
      },
    ],
  }),
];

function entry(
  eventId: string,
  seconds: number,
  what: LogWhat,
  by: LogEntry["by"] = { kind: "slipway" },
): LogEntry {
  return {
    ...{ eventId, at: ago(seconds), generation: 1, launchId: null, by, what },
    ...{ summary: tell(what), detail: isDetail(what) },
  } as LogEntry;
}

const about = { skillKey: session.skillKey, sha: SHA };
const busy = {
  code: "provider_busy",
  message: "The sandbox provider limits our calls.",
};

/** Of the launch under way: oldest first. */
export const log: LogEntry[] = [
  entry(
    "e1",
    14,
    { kind: "launch", change: "requested", ...about, path: "cold" },
    { kind: "browser" },
  ),
  entry("e2", 14, {
    ...{ kind: "slot", from: "empty", to: "creating/create" },
    ...{ cause: "want", revision: 1, strikes: 0 },
  }),
  entry("e3", 12.2, {
    ...{ kind: "call", call: "create", outcome: "no answer", ok: false },
    ...{ ms: 1_300, attempt: 0, error: busy },
  }),
  entry("e4", 9.8, { kind: "takeover", of: "creating/create" }),
  entry("e5", 4.1, {
    ...{ kind: "call", call: "create", outcome: "adopted", ok: true },
    ...{ ms: 5_600, attempt: 1 },
  }),
  entry("e6", 3.2, {
    ...{ kind: "call", call: "claim", outcome: "claimed", ok: true, ms: 820 },
  }),
];

/** Of a sandbox: newest first. */
export const activity: LogEntry[] = [
  entry(
    "a1",
    40,
    { kind: "action", action: "stop" },
    { kind: "token", name: "nightly" },
  ),
  ...log.toReversed(),
  entry("a2", 86_400, { kind: "consent", ...about }, { kind: "browser" }),
];

export function sandbox(fields: Partial<SandboxView>): SandboxView {
  return {
    slotId: "slot1",
    name: "default",
    sandboxId: "59accb65-51ad-4145-bb92-69d6b751945c",
    state: { status: "running", since: ago(700) },
    generation: 2,
    agent: { state: "ready", version: "0.19.0" },
    skills: [
      "csv-detective",
      "commit-story",
      "regex-coach",
      "incident-postmortem",
    ].map((name, index) => ({
      skillKey: `local/slipway/examples/skills/${name}`,
      name,
      link: `/slipway/examples/${name}`,
      sha: SHA,
      installedAt: ago(600 - index * 20),
    })),
    autoStopAt: Date.now() + 1_405_000,
    warnedAt: null,
    lastConfirmedAt: ago(20),
    health: "ok",
    launching: 1,
    repairs: 0,
    ...{ position: null, ownCap: null, cancellable: false },
    ...{ restartNeeded: false, previous: null },
    ...fields,
  } as SandboxView;
}

export const question = {
  messageId: "m1",
  role: "user",
  text: "Here is march.csv. Why does the import fail?",
  state: "done",
  createdAt: ago(90),
  parts: [],
} as unknown as MessageView;

export function answer(fields: Partial<MessageView>): MessageView {
  return {
    messageId: "m2",
    role: "assistant",
    text: "",
    state: "done",
    createdAt: ago(80),
    parts: [
      {
        seq: 0,
        body: {
          kind: "reasoning",
          text: "The person wants a cause, not a list. Profile first.",
        },
      },
      { seq: 1, body: { kind: "text", text: "I will profile it first." } },
      {
        seq: 2,
        body: {
          kind: "tool",
          callId: "a",
          name: "skill_view",
          status: "done",
          label: "csv-detective",
          result: "# CSV detective",
          startedAt: ago(79),
          endedAt: ago(78.8),
        },
      },
      {
        seq: 3,
        body: {
          kind: "tool",
          callId: "b",
          name: "terminal",
          status: "failed",
          label: "python3 scripts/profile_csv.py march.csv",
          args: '{"command":"python3 scripts/profile_csv.py march.csv"}',
          result: "Traceback (most recent call last):\n  UnicodeDecodeError",
          startedAt: ago(78),
          endedAt: ago(76.4),
        },
      },
      {
        seq: 4,
        body: {
          kind: "tool",
          callId: "c",
          name: "terminal",
          status: "running",
          label: "file march.csv && head -3 march.csv",
          startedAt: ago(4),
        },
      },
      {
        seq: 5,
        body: {
          kind: "text",
          text: "**Row 17 has 9 fields, the header has 8.** An unquoted comma in `address` splits it:\n\n```csv\n17,Miller,Main St 4, Apt 2,Springfield\n```\n\n| column | problem | rows |\n|---|---|---|\n| `address` | unquoted comma | 17 |\n| `total` | decimal comma | 31, 44, 90 |\n\nShall I write `march.clean.csv`?",
        },
      },
    ],
    ...fields,
  } as unknown as MessageView;
}
