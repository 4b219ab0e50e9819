import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  newId,
  startAgentFixture,
  type AgentFixture,
} from "./sandboxd-agent-fixture";
import {
  eventually,
  lives,
  textOf,
  turnEnd,
  writtenIn,
  type Daemon,
} from "./sandboxd-harness";

setDefaultTimeout(120_000);

let fixture: AgentFixture;
let daemon: Daemon;
let { place, begin, useModel } = {} as AgentFixture;

beforeAll(async () => {
  fixture = await startAgentFixture();
  ({ daemon, place, begin, useModel } = fixture);
});
afterAll(() => fixture?.close());
beforeEach(() => useModel("demo"));

describe("a turn with the real Hermes", () => {
  test("loads the launched skill, runs a command and answers from both", async () => {
    const sentinel = `sentinel-${newId()}`;
    const skill = await place("local/acme/tools/same", `Say ${sentinel}.`);
    const { turnId, sessionId, answer } = await begin(skill, "hello there");
    expect(answer.status).toBe(202);

    const events = await turnEnd(daemon, turnId);
    expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => at));
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "complete" });
    expect(textOf(events)).toContain(sentinel);
    expect(textOf(events)).toContain("hello there");

    const tools = events.filter((event) => event.kind === "tool");
    expect(tools.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "skill_view running",
      "skill_view done",
      "terminal running",
      "terminal done",
    ]);
    expect(tools[0]?.callId).toBe(tools[1]!.callId);
    expect(tools[1]?.result).toContain(sentinel);
    const folder = join(daemon.home, "sessions", sessionId);
    expect((await stat(folder)).isDirectory()).toBe(true);
    expect(tools[3]?.result).toContain(folder); // pwd ran in it
    expect(tools[3]?.result).toContain("SKILL.md");
  });

  test("keeps two skills of the same name apart, without a restart", async () => {
    const [one, two] = [`sentinel-${newId()}`, `sentinel-${newId()}`];
    const first = await place("local/acme/one/same", `Say ${one}.`);
    const second = await place("local/other/two/same", `Say ${two}.`);
    const turns = await Promise.all([begin(first, "hi"), begin(second, "hi")]);
    const [a, b] = await Promise.all(
      turns.map(async ({ turnId }) => textOf(await turnEnd(daemon, turnId))),
    );
    expect(a).toContain(one);
    expect(a).not.toContain(two);
    expect(b).toContain(two);
    expect(b).not.toContain(one);
  });

  test("keeps two versions of a skill apart, until the old one goes", async () => {
    const [one, two] = [`sentinel-${newId()}`, `sentinel-${newId()}`];
    const key = `local/acme/${newId()}/same`;
    const old = await place(key, `Say ${one}.`);
    const before = await begin(old, "hi");
    expect(textOf(await turnEnd(daemon, before.turnId))).toContain(one);

    // In the same sandbox, beside it, a new conversation has the new version.
    const young = await place(key, `Say ${two}.`);
    const turns = await Promise.all([begin(old, "hi"), begin(young, "hi")]);
    const [a, b] = await Promise.all(
      turns.map(async ({ turnId }) => textOf(await turnEnd(daemon, turnId))),
    );
    expect(a).toContain(one);
    expect(a).not.toContain(two);
    expect(b).toContain(two);
    expect(b).not.toContain(one);

    const digest = old.path.slice(old.path.lastIndexOf("@") + 1);
    const gone = await daemon.call("DELETE", "/skills", {
      headers: {
        "x-skill-key": encodeURIComponent(key),
        "x-skill-digest": digest,
        "x-install-id": digest,
      },
    });
    expect(gone.body).toEqual({ digest, removed: true });
    const after = await begin(young, "hi again");
    const words = textOf(await turnEnd(daemon, after.turnId));
    expect(words).toContain(two);
    expect((await begin(old, "hi")).answer).toMatchObject({
      status: 409,
      body: { code: "skill_not_installed" },
    });
  });

  test("remembers the conversation and runs what a follow-up asks", async () => {
    const skill = await place("local/acme/tools/same", "Say it.");
    const { turnId, sessionId } = await begin(skill, "hi");
    await turnEnd(daemon, turnId);
    const next = await begin(
      skill,
      "run: echo $((6 * 7)) > out; cat out",
      sessionId,
    );
    const events = await turnEnd(daemon, next.turnId);
    const tools = events.filter((event) => event.kind === "tool");
    expect(tools.map(({ name }) => name)).toEqual(["terminal", "terminal"]);
    expect(textOf(events)).toContain("42");
    expect(
      await Bun.file(join(daemon.home, "sessions", sessionId, "out")).text(),
    ).toBe("42\n");
  });

  test("marks a command that fails and cuts a long result", async () => {
    const skill = await place("local/acme/tools/same", "Say it.");
    const { turnId, sessionId } = await begin(skill, "hi");
    await turnEnd(daemon, turnId);
    const bad = await begin(skill, "run: ls /nowhere", sessionId);
    expect(await turnEnd(daemon, bad.turnId)).toContainEqual(
      expect.objectContaining({ kind: "tool", status: "failed" }),
    );
    const long = await begin(skill, "run: seq 1 9000", sessionId);
    const done = (await turnEnd(daemon, long.turnId)).find(
      (event) => event.kind === "tool" && event.status === "done",
    );
    const result = done?.kind === "tool" ? done.result : undefined;
    expect(result?.length).toBeLessThan(17_000);
    expect(result).toMatch(/\[cut: \d+ more characters\]$/);
  });
});

test("twelve sessions at once all get their own answer", async () => {
  const skill = await place("local/acme/tools/same", "Say it.");
  const turns = await Promise.all(
    Array.from({ length: 12 }, (_, at) => begin(skill, `I am number ${at}.`)),
  );
  const answers = await Promise.all(
    turns.map(async ({ turnId }) => textOf(await turnEnd(daemon, turnId))),
  );
  for (const [at, answer] of answers.entries()) {
    expect(answer).toContain(`I am number ${at}.`);
  }
});

test("a turn calls the model for its own steps, and for nothing else", async () => {
  const skill = await place("local/acme/tools/same", "Say it.");
  fixture.model.reset();
  const { turnId } = await begin(skill, "hi");
  await turnEnd(daemon, turnId);
  // To read the skill, to run a command, to answer.
  expect(fixture.model.requests()).toHaveLength(3);
});

test("an agent that runs out of steps sums up, and the turn is complete", async () => {
  await useModel("demo", { maxTurns: 1 });
  const skill = await place("local/acme/tools/same", "Say it.");
  const { turnId } = await begin(skill, "hi");
  const events = await turnEnd(daemon, turnId);
  expect(events.at(-1)).toMatchObject({ kind: "end", reason: "complete" });
  expect(textOf(events)).not.toBe("");
});

describe("stopping", () => {
  test("ends a slow answer within seconds, and the session goes on", async () => {
    await useModel("slow");
    const skill = await place("local/acme/tools/same", "Say it.");
    const { turnId, sessionId } = await begin(skill, "hi");
    await eventually("the answer has begun", async () => {
      const { body } = await daemon.call("GET", `/turns/${turnId}`);
      return Number(body.next) > 0;
    });
    const busy = await begin(skill, "and now?", sessionId);
    expect(busy.answer).toMatchObject({
      status: 409,
      body: { code: "session_busy" },
    });

    const stop = await daemon.call("POST", `/turns/${turnId}/stop`);
    expect(stop.status).toBe(200);
    const events = await turnEnd(daemon, turnId, 8_000);
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "stopped" });
    expect(events.some((event) => event.kind === "error")).toBe(false);

    await useModel("demo");
    const next = await begin(skill, "go on", sessionId);
    expect(next.answer.status).toBe(202);
    expect((await turnEnd(daemon, next.turnId)).at(-1)).toMatchObject({
      reason: "complete",
    });
  });

  test("ends a command that runs", async () => {
    const skill = await place("local/acme/tools/same", "Say it.");
    const first = await begin(skill, "hi");
    await turnEnd(daemon, first.turnId);
    const { sessionId } = first;
    const file = join(daemon.home, "sessions", sessionId, "pid");
    const { turnId } = await begin(
      skill,
      "run: echo $$ > pid; sleep 600",
      sessionId,
    );
    const command = await writtenIn(file);
    expect(await lives(command)).toBe(true);
    await daemon.call("POST", `/turns/${turnId}/stop`);
    const events = await turnEnd(daemon, turnId, 8_000);
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "stopped" });
    await eventually("it has ended", async () => !(await lives(command)));
  });
});
