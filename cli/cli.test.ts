import { expect, test } from "bun:test";
import {
  answers,
  answersInTests,
  asked,
  events,
  json,
  LAUNCH,
  READY,
  slipway,
  taken,
} from "./fixtures";
import { readArguments, UsageError } from "./arguments";
import { readEvents } from "./events";
import { output, table } from "./output";

answersInTests();

test("launch --wait tells each step once, through a cut stream, and where to talk", async () => {
  answers["POST /api/v1/launches"] = [taken];
  answers["GET /api/v1/launches/l1/events"] = [
    events(["launch", LAUNCH]), // cut here
    events(["launch", READY], ["end", { state: "ready" }]),
  ];
  const { stdout, code } = await slipway(["launch", "a/b/c", "--wait"]);
  expect(stdout.split("\n")).toEqual([
    "Launched l1",
    "  queue        0.1 s",
    "  create       4.1 s",
    "Ready in 4.2 s (cold)",
    "Talk to it: http://x/sessions/s1",
    'Or here:    npx -y bun@1.4.5 run slipway chat s1 "Hello"',
    "",
  ]);
  expect(code).toBe(0);
});

test("with --json it prints a record a line and nothing else", async () => {
  answers["POST /api/v1/launches"] = [taken];
  answers["GET /api/v1/launches/l1/events"] = [
    events(["launch", LAUNCH], ["launch", READY], ["end", {}]),
  ];
  const args = ["launch", "a/b/c", "--wait", "--json", "--key", "k-1"];
  const { stdout, code } = await slipway(args);
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; state?: string });
  expect(records.map(({ event, state }) => [event, state])).toEqual([
    ["launched", undefined],
    ["launch", "creating"],
    ["launch", "ready"],
  ]);
  expect(asked[0]).toMatchObject({
    ...{ method: "POST", path: "/api/v1/launches" },
    ...{ token: "Bearer slp_test", key: "k-1" },
  });
  expect(code).toBe(0);
});

test("a launch that fails says why, what to do, and exits 1", async () => {
  const error = { code: "sandbox_failed", message: "It died.", next: "Again." };
  const failed = { ...READY, state: "failed", error };
  answers["GET /api/v1/launches/l1/events"] = [events(["launch", failed])];
  answers["GET /api/v1/launches/l1/log"] = [json({ events: [] })];
  const { stdout, code } = await slipway(["logs", "l1"]);
  expect(stdout).toEndWith("Failed: It died. Again.\n");
  expect(code).toBe(1);
});

const problem = (status: number, more: object = {}) =>
  json(
    { ...{ code: "c", detail: "No.", next: "Do this.", status }, ...more },
    status,
  );

test.each([
  [401, 3],
  [403, 3],
  [404, 1],
  [503, 1],
])("a refusal of %i is told on stderr and exits %i", async (status, exit) => {
  answers["GET /api/v1/launches"] = [
    problem(status, { choices: [{ skill: "a/b/c" }] }),
  ];
  const { stdout, stderr, code } = await slipway(["list"]);
  expect([stdout, stderr, code]).toEqual(["", "No. Do this.\n  a/b/c\n", exit]);
});

test.each([
  ["http://127.0.0.1:9", "does not answer"],
  [null, "answered 404"],
])("where no Slipway is (%p) it exits 4", async (url, said) => {
  const env = url ? { SLIPWAY_URL: url } : {};
  const { stderr, code } = await slipway(["list"], env as { PATH?: string });
  expect(stderr).toContain(said);
  expect(code).toBe(4);
});

test.each(["localhost:3000", "127.0.0.1:3000", "file:///tmp"])(
  "%s is told as no address of a Slipway",
  async (url) => {
    const { stderr, code } = await slipway(["list"], { SLIPWAY_URL: url });
    expect(stderr).toBe(
      `SLIPWAY_URL is not an address: "${url}". Begin it with http:// or https://.\n`,
    );
    expect(code).toBe(2);
  },
);

test("chat prints the answer to what was said as it grows", async () => {
  const answer = (state: string, text: string) =>
    json({
      messages: [
        { messageId: "m1", role: "user", text: "Hi", state: "done", parts: [] },
        {
          ...{ messageId: "m2", role: "assistant", text, state },
          parts: [
            { seq: 0, kind: "tool", name: "skill_view", label: "Reads one" },
            { seq: 1, kind: "text", text },
          ],
        },
      ],
    });
  answers["POST /api/v1/sessions/s1/messages"] = [
    json({ messageId: "m1" }, 202),
  ];
  answers["GET /api/v1/sessions/s1/messages"] = [
    answer("running", "Hel"),
    answer("done", "Hello"),
  ];
  const { stdout, code } = await slipway(["chat", "s1", "Hi"]);
  expect(stdout).toBe("  [Reads one]\nHello\n");
  expect(code).toBe(0);
});

test("chat finds the answer to what was said long ago, or says that it is gone", async () => {
  const said = (messageId: string, role: string) => ({
    ...{ messageId, role, text: messageId, state: "done" },
    parts: [{ seq: 0, kind: "text", text: messageId }],
  });
  const page = (nextCursor: string | null, ...list: object[]) =>
    json({ messages: list, nextCursor });
  answers["POST /api/v1/sessions/s1/messages"] = [
    json({ messageId: "m1" }, 202),
  ];
  // Its answer is the oldest of the page that is newer.
  answers["GET /api/v1/sessions/s1/messages"] = [
    page("c/1", said("m3", "user"), said("m4", "assistant")),
    page("c/2", said("m2", "assistant")),
    page(null, said("m0", "assistant"), said("m1", "user")),
    page(null, said("m3", "user"), said("m4", "assistant")),
  ];
  const args = ["chat", "s1", "Hi", "--key", "k"];
  const found = await slipway(args);
  expect([found.stdout, found.code]).toEqual(["m2\n", 0]);
  expect(asked.slice(1).map(({ query }) => query)).toEqual([
    "?limit=20",
    "?limit=20&cursor=c%2F1",
    "?limit=20&cursor=c%2F2",
  ]);
  const gone = await slipway(args);
  expect([gone.stdout, gone.code]).toEqual(["", 1]);
  expect(gone.stderr).toContain("not in this conversation any more");
});

const entry = (eventId: string, what: object, by: object) => ({
  ...{ eventId, at: Date.UTC(2026, 0, 2, 3, 4, 5), by },
  ...{ summary: `It is ${eventId}`, what },
});
const ONE = entry("e1", { kind: "launch" }, { kind: "token", name: "ci" });
const TWO = entry(
  "e2",
  { kind: "call", ok: false, ms: 812 },
  { kind: "slipway" },
);

test("logs of a launch tells each entry once, until it has ended", async () => {
  answers["GET /api/v1/launches/l1/events"] = [
    events(["launch", LAUNCH], ["launch", READY], ["end", {}]),
  ];
  answers["GET /api/v1/launches/l1/log"] = [
    json({ events: [ONE] }),
    json({ events: [ONE, TWO] }),
  ];
  const { stdout, code } = await slipway(["logs", "l1"]);
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    "2026-01-02 03:04:05            It is e1  [ci]",
    "2026-01-02 03:04:05 !   0.8 s  It is e2",
    "Ready in 4.2 s (cold)",
  ]);
  expect(code).toBe(0);
});

test("logs of a sandbox tells the newest last", async () => {
  answers["GET /api/v1/launches/b1/events"] = [problem(404)];
  answers["GET /api/v1/sandboxes/b1/log"] = [json({ events: [TWO, ONE] })];
  const { stdout, code } = await slipway(["logs", "b1", "--json"]);
  const records = stdout.trim().split("\n");
  expect(records.map((line) => JSON.parse(line) as object)).toMatchObject([
    { event: "log", eventId: "e1" },
    { event: "log", eventId: "e2" },
  ]);
  expect(code).toBe(0);
});

test("stop --wait waits for your only sandbox", async () => {
  const box = (status: string) => ({
    ...{ slotId: "b1", name: "default", health: "ok" },
    ...{ state: { status }, skills: [] },
  });
  answers["GET /api/v1/sandboxes"] = [json({ sandboxes: [box("running")] })];
  answers["POST /api/v1/sandboxes/b1/stop"] = [json({ slotId: "b1" }, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(["sandbox", box("stopping")], ["sandbox", box("stopped")]),
  ];
  const { stdout, code } = await slipway(["stop", "--wait"]);
  expect([stdout, code]).toEqual(["It is stopped.\n", 0]);
});

test("delete takes what the name is of, and says what it was", async () => {
  answers["DELETE /api/v1/sandboxes/b1"] = [json({ slotId: "b1" }, 202)];
  answers["DELETE /api/v1/sandboxes/s1"] = [problem(404)];
  answers["DELETE /api/v1/sandboxes/no"] = [problem(404)];
  answers["DELETE /api/v1/sessions/s1"] = [json({ sessionId: "s1" })];
  answers["DELETE /api/v1/sessions/no"] = [problem(404)];
  const sandbox = await slipway(["delete", "b1"]);
  expect([sandbox.stdout, sandbox.code]).toEqual(["It is being deleted.\n", 0]);
  const session = await slipway(["delete", "s1", "--json"]);
  expect(JSON.parse(session.stdout)).toEqual({
    ...{ event: "deleted", sessionId: "s1" },
  });
  const neither = await slipway(["delete", "no"]);
  expect([neither.stderr, neither.code]).toEqual([
    'You have no sandbox and no conversation "no". Do this.\n',
    1,
  ]);
});

test("whatever changes something sends its --key", async () => {
  answers["POST /api/v1/launches/l1/cancel"] = [json({ launchId: "l1" })];
  answers["DELETE /api/v1/sandboxes/s1"] = [problem(404)];
  answers["DELETE /api/v1/sessions/s1"] = [json({ sessionId: "s1" })];
  answers["DELETE /api/v1/sandboxes/restore"] = [json({})];
  for (const args of [
    ["cancel", "l1"],
    ["delete", "s1"],
    ["restore", "--decline"],
  ]) {
    expect(await slipway([...args, "--key", "k-1"])).toMatchObject({ code: 0 });
  }
  expect(asked.map(({ path, key }) => [path, key])).toEqual([
    ["/api/v1/launches/l1/cancel", "k-1"],
    ["/api/v1/sandboxes/s1", "k-1"],
    ["/api/v1/sessions/s1", "k-1"],
    ["/api/v1/sandboxes/restore", "k-1"],
  ]);
});

test("--help tells the commands and exits 0", async () => {
  const { stdout, code } = await slipway(["--help"]);
  expect(stdout).toContain("launch owner/repo/skill");
  expect(code).toBe(0);
});

test.each([
  [["nonsense"], 'no command "nonsense"'],
  [["launch"], "takes 1 argument"],
  [["chat", "s1"], "takes 2 arguments"],
  [["list", "--wrong"], "--wrong"],
  [["list", "--all"], "list does not take --all"],
  [["show", "l1", "--cursor", "c"], "show does not take --cursor"],
  [["delete", "b1", "--wait"], "delete does not take --wait"],
  [["chat", "s1", "Hi", "--wait"], "chat does not take --wait"],
  [["list", "--key", "k"], "list does not take --key"],
  [["ticket", "b1", "terminal", "--key", "k"], "ticket does not take --key"],
  [["stop", "b1", "--all"], "not both"],
  [["stop", "b1", "--failed"], "not both"],
  [["ticket", "b1"], "takes 2 or 3 arguments"],
  [["replace", "--resume", "--cancel"], "exclude each other"],
  [["replace", "--cancel", "--without-files"], "exclude each other"],
  [["stop", "--key", ""], "1 to 200 characters"],
  [["stop", "--key", "nightly\u20131"], "1 to 200 characters"],
])("%p is refused: %s", (argv, said) => {
  expect(() => readArguments(argv)).toThrow(UsageError);
  expect(() => readArguments(argv)).toThrow(said);
});

test("events are found wherever the bytes are cut", async () => {
  const text =
    'retry: 1\n\nevent: a\ndata: {"x":"é"}\n\n: beat\n\nevent: b\r\ndata: 2\r\n\r\nevent: c\ndata: 3';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 7, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) {
          controller.enqueue(bytes.slice(i, i + size));
        }
        controller.close();
      },
    });
    const found = await Array.fromAsync(readEvents(body, (step) => step));
    expect(found).toEqual([
      { event: "a", data: { x: "é" } },
      { event: "b", data: 2 },
    ]);
  }
});

test("nothing is waited for while an event is read", async () => {
  let [waits, waited] = [0, 0];
  const { body } = events(["a", 1], ["b", 2])();
  if (!body) throw new Error("It has a body.");
  const found = readEvents(body, (step) => {
    waits++;
    waited++;
    return step.finally(() => waits--);
  });
  for await (const event of found) expect([event, waits]).toEqual([event, 0]);
  expect(waited).toBeGreaterThan(1); // the end is waited for, too
});

test("a terminal sees what is going on, a file only what has happened", () => {
  const written = (isTTY: boolean) => {
    let text = "";
    const out = output(false, {
      isTTY,
      write: (more) => {
        text += more;
      },
    });
    out.status("waiting");
    out.say("done");
    return text;
  };
  expect(written(true)).toBe("waiting\r\u001b[Kdone\n");
  expect(written(false)).toBe("done\n");
  expect(
    table([
      ["a", "b"],
      ["long", ""],
    ]),
  ).toEqual(["a     b", "long"]);
});
