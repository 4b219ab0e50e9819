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

answersInTests();

const box = (state: object, more: object = {}) => ({
  ...{ slotId: "b1", name: "local/a/b/skills/pdf", health: "ok" },
  ...{ state, skills: [{ name: "pdf" }], ...more },
});

test("replace --wait tells each stage, and where it halts what to do", async () => {
  const error = { code: "keep_failed", message: "No copy.", next: "Resume." };
  const at = (stage: string, more: object = {}): [string, object] => [
    "sandbox",
    box({ status: "replacing", stage, ...more }),
  ];
  answers["POST /api/v1/sandboxes/b1/replace"] = [json({}, 202)];
  answers["POST /api/v1/sandboxes/b1/replace/resume"] = [json({}, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(at("keep"), at("keep"), at("keep", { error })),
    events(at("create")), // cut here
    events(at("create"), ["sandbox", box({ status: "running" })]),
  ];
  const halted = await slipway(["replace", "b1", "--wait", "--key", "k"]);
  expect([halted.stdout, halted.code]).toEqual([
    "  replacing (keep)\nNo copy. Resume.\n",
    1,
  ]);
  const resumed = await slipway(["replace", "b1", "--resume", "--wait"]);
  expect([resumed.stdout, resumed.code]).toEqual([
    "  replacing (create)\nIt is running.\n",
    0,
  ]);
  expect(asked[0]).toMatchObject({ method: "POST", key: "k" });
});

test("what is emptied has stopped, and will not start: neither is waited for longer", async () => {
  const empty = box({ status: "empty" });
  answers["POST /api/v1/sandboxes/b1/start"] = [json({}, 202)];
  answers["POST /api/v1/sandboxes/b1/stop"] = [json({}, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(["sandbox", empty], ["end", { state: "empty" }]),
  ];
  for (const [what, exit] of [
    ["start", 1],
    ["stop", 0],
  ] as const) {
    const { stdout, code } = await slipway([what, "b1", "--wait"]);
    expect([stdout, code]).toEqual(["It is empty.\n", exit]);
  }
});

test("a start that failed is told as soon as it is stopped again", async () => {
  answers["POST /api/v1/sandboxes/b1/start"] = [json({}, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(
      ["sandbox", box({ status: "creating" })],
      ["sandbox", box({ status: "stopped" })],
      ["sandbox", box({ status: "running" })], // of another start
    ),
  ];
  const { stdout, code } = await slipway(["start", "b1", "--wait"]);
  expect([stdout, code]).toEqual(["It is stopped.\n", 1]);
});

test("one that was given up says why once it is stopped; stopping it succeeds", async () => {
  const error = { code: "c", message: "No key.", next: "Start it again." };
  for (const what of ["start", "stop"]) {
    answers[`POST /api/v1/sandboxes/b1/${what}`] = [json({}, 202)];
  }
  const given = events(
    ["sandbox", box({ status: "stopping", error })],
    ["sandbox", box({ status: "stopped", error })],
  );
  answers["GET /api/v1/sandboxes/b1/events"] = [given, given];
  for (const [what, exit] of [
    ["start", 1],
    ["stop", 0],
  ] as const) {
    const { stdout, code } = await slipway([what, "b1", "--wait"]);
    expect([stdout, code]).toEqual(["No key. Start it again.\n", exit]);
  }
  answers["GET /api/v1/sandboxes/b1"] = [
    json(box({ status: "stopped", error })),
  ];
  expect((await slipway(["stop", "b1"])).code).toBe(0);
});

test("a stop that did not happen in time ends the wait and is no success", async () => {
  const error = { code: "c", message: "Not stopped.", next: "Stop it again." };
  answers["POST /api/v1/sandboxes/b1/stop"] = [json({}, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(
      ["sandbox", box({ status: "stopping" })],
      ["sandbox", box({ status: "running", error })],
    ),
  ];
  const { stdout, code } = await slipway(["stop", "b1", "--wait"]);
  expect([stdout, code]).toEqual(["Not stopped. Stop it again.\n", 1]);
});

test("what is gone while it is waited for is told, and ends the wait", async () => {
  const gone = { code: "not_found", detail: "Gone.", status: 404 };
  answers["POST /api/v1/sandboxes/b1/start"] = [json({}, 202)];
  answers["GET /api/v1/sandboxes/b1/events"] = [
    events(["sandbox", box({ status: "starting" })], ["problem", gone]),
  ];
  const { stderr, code } = await slipway(["start", "b1", "--wait"]);
  expect([stderr, code]).toEqual(["Gone.\n", 1]);
});

test("stop --all and restore tell what came of each, and exit 1 if one failed", async () => {
  const error = { code: "c", message: "No answer.", next: "Stop it again." };
  const item = (slotId: string, state: string, more: object = {}) => ({
    ...{
      slotId,
      name: slotId === "b1" ? "default" : "a/b/pdf",
      state,
      ...more,
    },
  });
  const set = (...items: object[]) => json({ items });
  answers["POST /api/v1/sandboxes/stop-all"] = [json({ stopping: 2 }, 202)];
  answers["POST /api/v1/sandboxes/restore"] = [json({ restoring: 2 }, 202)];
  answers["DELETE /api/v1/sandboxes/restore"] = [json({})];
  answers["GET /api/v1/sandboxes/b1"] = [json(box({ status: "running" }))];
  answers["GET /api/v1/sandboxes/restore"] = [
    set(item("b1", "stopping"), item("b2", "stopping")),
    set(item("b1", "stopped"), item("b2", "failed", { error })),
    set(item("b1", "restoring"), item("b2", "stopped")),
    set(item("b2", "stopped")),
  ];
  const stopped = await slipway(["stop", "--all", "--wait"]);
  const [first = 0, second = 0] = asked
    .filter(({ path }) => path.endsWith("/restore"))
    .map(({ at }) => at);
  expect(second - first).toBeGreaterThan(1_900); // a look is not for free
  expect([stopped.stdout, stopped.code]).toEqual([
    "b1  shared  stopped\nb2  pdf     failed   No answer. Stop it again.\n",
    1,
  ]);
  answers["POST /api/v1/sandboxes/stop-all/retry"] = [
    json({ stopping: 1 }, 202),
  ];
  const restored = await slipway(["restore", "--wait", "--json"]);
  const records = restored.stdout.trim().split("\n");
  expect(records.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      ...{ event: "item", slotId: "b1", state: "running" },
      slot: { status: "running" },
    },
    { event: "item", slotId: "b2", state: "stopped" },
  ]);
  expect(restored.code).toBe(0);
  const declined = await slipway(["restore", "--decline"]);
  expect(declined.stdout).toStartWith("Forgotten.");
  asked.length = 0;
  await slipway(["stop", "--failed"]);
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /api/v1/sandboxes/stop-all/retry",
    "GET /api/v1/sandboxes/restore",
  ]);
}, 20_000);

test("a ticket is for what is asked, and its address is all that is printed", async () => {
  const url = "https://relay.example.net/x";
  const made = { ticket: "t", url, expiresAt: 1 };
  answers["POST /api/v1/sandboxes/b1/tickets"] = [json(made)];
  const port = await slipway(["ticket", "b1", "port", "3000"]);
  expect([port.stdout, port.code]).toEqual([`${url}\n`, 0]);
  const terminal = await slipway(["ticket", "b1", "terminal"]);
  expect(terminal.stdout).toBe(`${url}\nt\n`);
  await slipway(["ticket", "b1", "file", "a b"]);
  expect(asked.map(({ body }) => JSON.parse(body) as object)).toEqual([
    { kind: "port", port: 3000 },
    { kind: "terminal" },
    { kind: "file", path: "a b" },
  ]);
  for (const wrong of [["port", "x"], ["file"], ["shell"]]) {
    expect(await slipway(["ticket", "b1", ...wrong])).toMatchObject({
      ...{ code: 2, stdout: "" },
    });
  }
});

test("keep asks for your only sandbox", async () => {
  answers["GET /api/v1/sandboxes"] = [
    json({ sandboxes: [box({ status: "running" })] }),
  ];
  answers["POST /api/v1/sandboxes/b1/keep"] = [json({ slotId: "b1" }, 202)];
  const { stdout, code } = await slipway(["keep", "--json"]);
  expect(JSON.parse(stdout)).toEqual({ event: "kept", slotId: "b1" });
  expect(code).toBe(0);
});

test("what was deleted does not count as one of several, nor as your only one", async () => {
  const empty = { ...box({ status: "empty" }), slotId: "b0", name: "default" };
  answers["GET /api/v1/sandboxes"] = [
    json({ sandboxes: [empty, box({ status: "running" })] }),
    json({ sandboxes: [empty] }),
  ];
  answers["POST /api/v1/sandboxes/b1/keep"] = [json({ slotId: "b1" }, 202)];
  expect(await slipway(["keep"])).toMatchObject({ code: 0, stderr: "" });
  const none = await slipway(["keep"]);
  expect(none.stderr).toStartWith("You have no sandbox.");
  expect(none.code).toBe(2);
});

test("the place in line is told where it moves, and in the list", async () => {
  const queued = { ...LAUNCH, state: "queued", steps: [] };
  answers["POST /api/v1/launches"] = [taken];
  answers["GET /api/v1/launches/l1/events"] = [
    events(
      ["launch", { ...queued, position: 2 }],
      ["launch", { ...queued, position: 1 }],
      ["launch", { ...queued, position: 1, ownCap: 5 }],
      ["launch", READY],
    ),
  ];
  const { stdout } = await slipway(["launch", "a/b/c", "--own", "--wait"]);
  expect(stdout.split("\n").slice(1, 4)).toEqual([
    "  2nd in line",
    "  1st in line",
    "  in line: your own sandboxes take all your 5 places, stop one",
  ]);
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual({
    ...{ skill: "a/b/c", own: true },
  });
  answers["GET /api/v1/sandboxes"] = [
    json({
      sandboxes: [
        box({ status: "queued" }, { position: 12 }),
        box({ status: "running" }, { restartNeeded: true }),
      ],
    }),
  ];
  const list = await slipway(["list", "sandboxes"]);
  expect(list.stdout.split("\n").slice(0, 2)).toEqual([
    "b1  pdf  queued 12th in line               ok  pdf",
    "b1  pdf  running (an update is available)  ok  pdf",
  ]);
});
