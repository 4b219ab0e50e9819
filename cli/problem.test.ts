import { expect, test } from "bun:test";
import {
  answers,
  answersInTests,
  asked,
  events,
  json,
  slipway,
} from "./fixtures";
import { problemOf, wordsOfProblem } from "./problem";

answersInTests();

const page = () => new Response("<h1>Hello</h1>");
const notJson = () =>
  new Response("event: launch\ndata: {\n\n", {
    headers: { "content-type": "text/event-stream" },
  });

test.each([
  ["a list", ["list"], { "GET /api/v1/launches": json({ launches: 1 }) }],
  ["a page", ["list"], { "GET /api/v1/launches": page }],
  [
    "a launch in a stream",
    ["logs", "l1"],
    { "GET /api/v1/launches/l1/events": events(["launch", { steps: null }]) },
  ],
  [
    "a stream of no JSON",
    ["logs", "l1"],
    { "GET /api/v1/launches/l1/events": notJson },
  ],
  [
    "a problem in a stream",
    ["logs", "l1"],
    { "GET /api/v1/launches/l1/events": events(["problem", "no"]) },
  ],
  [
    "a local token",
    ["list", "--user", "ada"],
    { "POST /api/local/token": page },
  ],
])(
  "%s of an unexpected shape is told in a line, and asked for once",
  async (_, args, given) => {
    for (const [route, answer] of Object.entries(given)) {
      answers[route] = [answer];
    }
    const env: Record<string, string> = args.includes("--user")
      ? { SLIPWAY_TOKEN: "" }
      : {};
    const { stdout, stderr, code } = await slipway(args, env);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^http:\S+ does not answer as Slipway does: .*\. Check SLIPWAY_URL.*\.\n$/,
    );
    expect([code, asked.length]).toEqual([4, 1]);
    const told = await slipway([...args, "--json"], env);
    expect(JSON.parse(told.stdout)).toMatchObject({
      ...{ event: "problem", code: "unexpected_answer" },
      next: expect.stringContaining("SLIPWAY_URL") as string,
    });
    expect([told.stderr, told.code]).toEqual(["", 4]);
  },
);

test("what is cut in the middle of an answer is told as one that did not come", async () => {
  using server = Bun.listen({
    ...{ port: 0, hostname: "127.0.0.1" },
    socket: {
      data(socket) {
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"laun');
      },
    },
  });
  const env = { SLIPWAY_URL: `http://127.0.0.1:${server.port}` };
  for (const [args, next] of [
    [["list"], "SLIPWAY_URL is its address"],
    [["cancel", "l1"], "may have been done"],
  ] as const) {
    const told = await slipway([...args, "--json"], env);
    const problem = JSON.parse(told.stdout) as object;
    expect(problem).toMatchObject({ code: "unreachable" });
    expect(problem).toHaveProperty("next", expect.stringContaining(next));
    expect([told.stderr, told.code]).toEqual(["", 4]);
  }
});

test("a proxy's own answer leaves open whether the call was passed on", async () => {
  const late = () => new Response("<h1>Gateway Timeout</h1>", { status: 504 });
  answers["GET /api/v1/launches"] = [late];
  answers["POST /api/v1/launches/l1/cancel"] = [late];
  for (const [args, next] of [
    [["list"], "SLIPWAY_URL is its address"],
    [["cancel", "l1"], "may have been done"],
  ] as const) {
    const { stdout, code } = await slipway([...args, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: "unreachable",
      detail: expect.stringContaining("answered 504") as string,
      next: expect.stringContaining(next) as string,
    });
    expect(code).toBe(4);
  }
});

test("what nobody expected is one line with a way on, and no success", () => {
  const { exit, problem } = problemOf(new TypeError("x is not\n  a function"));
  expect(exit).toBe(1);
  expect(problem.code).toBe("unexpected");
  expect(wordsOfProblem(problem)).toBe(
    "Something unexpected happened: TypeError: x is not a function. Look whether it was done (list) before you try again; if it stays, report these words.",
  );
});
