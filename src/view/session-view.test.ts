import { describe, expect, test } from "bun:test";
import { failure } from "@convex/model/errors";
import type { Read } from "../data/reads";
import type { LaunchView, SandboxView, SessionView } from "../data/types";
import type { Replacing } from "./replacement";
import {
  sessionScreen,
  type SessionRecords,
  type SessionScreen,
} from "./session-view";

const SHA = "0".repeat(40);
const error = failure("sandbox_failed", "The provider gave up.");

const session = {
  sessionId: "s1",
  slotId: "slot1",
  title: "pdf",
  skillKey: "local/a/b/pdf",
  skillName: "pdf",
  link: "/a/b/pdf",
  sha: SHA,
  createdAt: 1,
} as SessionView;

const LAUNCH_STATES = [
  "queued",
  "creating",
  "starting",
  "installing",
  "ready",
  "failed",
  "cancelled",
] as const;

const SLOT_STATES: SandboxView["state"][] = [
  { status: "empty" },
  { status: "creating", since: 1, step: "create" },
  { status: "starting", since: 1, step: "start" },
  { status: "running", since: 1 },
  { status: "stopping", since: 1, step: "stop" },
  { status: "stopped", since: 1, by: "user" },
  { status: "stopped", since: 1, by: "provider" },
  { status: "deleting", since: 1, step: "delete" },
  { status: "failed", since: 1, error },
  ...(["launch", "owner", "replace"] as const).map((why) => ({
    ...{ status: "queued" as const, since: 1, for: why },
    from: { status: "empty" as const },
  })),
  replacingAt("keep"),
  replacingAt("create"),
  { ...replacingAt("restore"), error },
];

function replacingAt(stage: Replacing["stage"]): Replacing {
  return {
    ...{ status: "replacing", since: 1, stage, stageSince: 1, step: "look" },
  };
}

const AGENTS: SandboxView["agent"][] = [
  null,
  ...(["starting", "ready", "unavailable", "failed", "insecure"] as const).map(
    (state) => ({ state, reason: "Because." }),
  ),
];

function launchIn(state: (typeof LAUNCH_STATES)[number]): LaunchView {
  return {
    launchId: "l1",
    sessionId: "s1",
    sandboxId: null,
    skillKey: session.skillKey,
    skillName: "pdf",
    sha: SHA,
    link: "/a/b/pdf",
    path: "cold",
    state,
    error: state === "failed" ? error : null,
    createdAt: 1,
    readyAt: state === "ready" ? 2 : null,
    endedAt: null,
    steps: [],
  } as unknown as LaunchView;
}

function sandboxIn(
  state: SandboxView["state"],
  agent: SandboxView["agent"],
  health: SandboxView["health"] = "ok",
): SandboxView {
  return {
    slotId: "slot1",
    name: "default",
    sandboxId: "x",
    state,
    generation: 1,
    agent,
    skills: [],
    autoStopAt: null,
    lastConfirmedAt: null,
    health,
    launching: 0,
    ...(state.status === "queued" && { position: 3 }),
    ownCap: null,
  } as unknown as SandboxView;
}

const ready = <T>(value: T): Read<T> => ({
  status: "ready",
  value,
  stale: null,
});
const around = <T>(values: T[]): Read<T | null>[] => [
  { status: "loading" },
  { status: "failed", failure: error },
  ready(null),
  ...values.map((value) => ready(value)),
];

function* everyCombination(): Generator<SessionRecords> {
  const auths = ["loading", "signed-out", "signed-in", "trouble"] as const;
  const sandboxes = SLOT_STATES.flatMap((state) =>
    state.status === "running"
      ? AGENTS.flatMap((agent) => [
          sandboxIn(state, agent),
          sandboxIn(state, agent, "unreachable"),
        ])
      : [sandboxIn(state, null)],
  );
  for (const auth of auths)
    for (const one of around([session]))
      for (const launch of around(LAUNCH_STATES.map(launchIn)))
        for (const sandbox of around(sandboxes))
          for (const absence of ["expected", "deleted", "unknown"] as const)
            yield { auth, session: one, launch, sandbox, absence };
}

describe("I9: every (phase, state, auth) renders something", () => {
  test("each combination maps to a screen with words where words are due", () => {
    let count = 0;
    for (const records of everyCombination()) {
      const screen = sessionScreen(records);
      count++;
      if (screen.kind !== "open") continue;
      if (screen.composer.kind !== "open") {
        expect(screen.composer.why.length).toBeGreaterThan(5);
      }
      if (screen.notice) {
        expect(screen.notice.title.length).toBeGreaterThan(5);
        expect(screen.notice.text.length).toBeGreaterThan(5);
      }
    }
    expect(count).toBeGreaterThan(3_000);
  });

  test("whoever cannot write is told why, and offered a way on or told to wait", () => {
    for (const records of everyCombination()) {
      const screen = sessionScreen(records);
      if (screen.kind !== "open" || screen.composer.kind !== "closed") continue;
      const explained = screen.notice !== null;
      const panelExplains =
        screen.launch.kind === "failed" || screen.launch.kind === "cancelled";
      expect(explained || panelExplains).toBe(true);
    }
  });

  test("nothing is shown of a session to somebody who is not signed in", () => {
    for (const records of everyCombination()) {
      if (records.auth === "signed-in") continue;
      expect(["signed-out", "trouble", "loading"]).toContain(
        sessionScreen(records).kind,
      );
    }
  });
});

const base: SessionRecords = {
  auth: "signed-in",
  session: ready(session),
  launch: ready(launchIn("ready")),
  sandbox: ready(sandboxIn({ status: "running", since: 1 }, null)),
  absence: "unknown",
};

function open(records: Partial<SessionRecords>) {
  const screen: SessionScreen = sessionScreen({ ...base, ...records });
  if (screen.kind !== "open") throw new Error(`not open: ${screen.kind}`);
  return screen;
}

test("a message can be written into a replacement, unless it halted", () => {
  const composerAt = (state: Replacing) =>
    open({ sandbox: ready(sandboxIn(state, null)) }).composer;
  expect(composerAt(replacingAt("restore")).kind).toBe("queues");
  expect(composerAt({ ...replacingAt("restore"), error })).toEqual({
    kind: "closed",
    why: "The replacement has to go on first.",
  });
});

test.each([
  ["expected", "loading"],
  ["deleted", "deleted"],
  ["unknown", "not-found"],
] as const)(
  "a session without a record, %s, is shown as %s",
  (absence, kind) => {
    const missing = { ...base, session: ready(null) };
    expect(sessionScreen({ ...missing, absence }).kind).toBe(kind);
  },
);

test("a message written during the launch is kept until it is ready", () => {
  const screen = open({ launch: ready(launchIn("creating")) });
  expect(screen.launch.kind).toBe("running");
  expect(screen.composer.kind).toBe("queues");
});

test("a stopped sandbox offers a start, a deleted one a launch", () => {
  const stopped = sandboxIn({ status: "stopped", since: 1, by: "user" }, null);
  expect(open({ sandbox: ready(stopped) }).notice?.action).toBe("start");
  const gone = sandboxIn({ status: "empty" }, null);
  expect(open({ sandbox: ready(gone) }).notice?.action).toBe("launch");
});

test("why a sandbox is stopped is said where it is known, and never guessed", () => {
  for (const by of ["user", "provider"] as const) {
    const stopped = sandboxIn({ status: "stopped", since: 1, by }, null);
    const { notice } = open({ sandbox: ready(stopped) });
    expect(notice?.title).toBe("The sandbox is stopped");
    const given = { status: "stopped", since: 1, by, error } as const;
    const said = open({ sandbox: ready(sandboxIn(given, null)) }).notice;
    expect(said?.title).toBe(error.message);
    expect(said?.text).toStartWith(error.next);
    expect(said?.action).toBe("start");
  }
});

test("a sandbox in the queue says which one in line, and can be taken out again", () => {
  const waiting = (why: "launch" | "owner") =>
    sandboxIn(
      { status: "queued", since: 1, for: why, from: { status: "empty" } },
      null,
    );
  const { notice, composer } = open({ sandbox: ready(waiting("owner")) });
  expect(notice?.title).toContain("3rd in the queue");
  expect(notice?.action).toBe("leave");
  expect(composer.kind).toBe("queues");
  // What another conversation's launch put there is left where all is seen.
  const others = open({ sandbox: ready(waiting("launch")) });
  expect(others.notice?.action).toBe("dashboard");
});

test("a sandbox that is being replaced says how far it is, or why it halted", () => {
  const moves = sandboxIn(replacingAt("create"), null);
  expect(open({ sandbox: ready(moves) }).notice?.text).toContain(
    "Make the new sandbox",
  );
  const halted = sandboxIn({ ...replacingAt("restore"), error }, null);
  expect(open({ sandbox: ready(halted) }).notice).toMatchObject({
    ...{ tone: "warn", action: "dashboard" },
    text: expect.stringContaining(error.message),
  });
});

test("an agent that is not there says what is missing", () => {
  const without = sandboxIn(
    { status: "running", since: 1 },
    { state: "unavailable", reason: "Python 3.11 is missing." },
  );
  const { notice } = open({ sandbox: ready(without) });
  expect(notice?.text).toStartWith("Python 3.11 is missing. Replace");
  expect(notice?.action).toBe("dashboard");
});

test("what an agent wrote before it went is shortened to where it says why", () => {
  const reason = `It ended with 1: ${"at frame\n".repeat(200)}KeyError: 'x'`;
  const gone = { state: "failed" as const, reason };
  const text = open({
    sandbox: ready(sandboxIn({ status: "running", since: 1 }, gone)),
  }).notice?.text;
  expect(text).toStartWith("It ended with 1:");
  expect(text).toContain("KeyError: 'x'");
  expect(text?.length).toBeLessThan(400);
});

test("a launch that waits for a replacement says so", () => {
  const launch = ready(launchIn("queued"));
  const moves = ready(sandboxIn(replacingAt("create"), null));
  const { notice, composer } = open({ launch, sandbox: moves });
  expect(notice?.title).toBe("The sandbox is being replaced");
  expect(composer.kind).toBe("queues");
});

test.each(["failed", "cancelled"] as const)(
  "an old launch that %s hides nothing: only what its panel repeats is marked",
  (state) => {
    const launch = ready(launchIn(state));
    const gone = ready(sandboxIn({ status: "empty" }, null));
    expect(open({ launch, sandbox: gone }).notice).toMatchObject({
      ...{ action: "launch", repeats: true },
    });
    const ended = ready(launchIn("ready"));
    const { notice } = open({ launch: ended, sandbox: gone });
    expect(notice).not.toHaveProperty("repeats");
  },
);
