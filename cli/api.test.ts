import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Doc } from "@convex/_generated/dataModel";
import { startApi, type Api } from "../tests/conformance/http-api-harness";
import { slipway } from "./fixtures";

/** The command line against the API's own routes, to which a list of answers cannot hold it. */

const PATHS = [
  "/sandboxes/{slotId}",
  "/sandboxes/{slotId}/stop",
  "/sandboxes/{slotId}/events",
  "/sessions",
  "/sessions/{id}",
  "/sessions/{id}/messages",
];

let api: Api;
let door: Bun.Server<undefined>;
/** Called with each request's method and path once it is answered. */
let onAnswer: (asked: string) => void = () => {};

beforeAll(async () => {
  api = await startApi();
  door = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const answer = await answerOf(request, pathname);
      onAnswer(`${request.method} ${pathname}`);
      return answer;
    },
  });
});
afterAll(async () => {
  await door?.stop(true);
  await api?.close();
});

async function answerOf(request: Request, pathname: string) {
  for (const path of PATHS) {
    const pattern = path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const found = new RegExp(`^/api/v1${pattern}$`).exec(pathname);
    if (!found) continue;
    const text = await request.text();
    return await api.call(request.method, path, {
      token: request.headers.get("authorization")?.slice("Bearer ".length),
      params: found.groups,
      query: new URL(request.url).search,
      key: request.headers.get("idempotency-key") ?? undefined,
      signal: request.signal,
      ...(text && { body: JSON.parse(text) as unknown }),
    });
  }
  return new Response(null, { status: 404 });
}

const as = (token: string) => ({
  ...{ SLIPWAY_URL: door.url.origin, SLIPWAY_TOKEN: token },
});

test("stop --wait is told by the sandbox's stream when it has stopped", async () => {
  const { token, slotId } = await api.person("ada");
  const become = (state: Doc<"slots">["state"]) =>
    api.chat.tx((ctx) => ctx.db.patch("slots", slotId, { state }));
  const since = Date.now();
  await become({ status: "stopping", since, step: "stop" });
  const asked: string[] = [];
  onAnswer = (what) => {
    asked.push(what);
    if (!what.endsWith("/events")) return;
    void become({ status: "stopped", by: "user", since });
  };
  const { stdout, code } = await slipway(["stop", slotId, "--wait"], as(token));
  expect([stdout, code]).toEqual(["It is stopped.\n", 0]);
  expect(asked).toEqual([
    `POST /api/v1/sandboxes/${slotId}/stop`,
    `GET /api/v1/sandboxes/${slotId}/events`,
  ]);
});

test("chat with a key used before finds its answer, however much came after", async () => {
  const { token, sessionId, answered } = await api.person("bea");
  const said = await api.call("POST", "/sessions/{id}/messages", {
    ...{ token, params: { id: sessionId }, body: { text: "Hi" }, key: "k" },
  });
  expect(said.status).toBe(202);
  const turn = await api.chat.daemon.turn("Hi");
  await turn.tell(
    { kind: "text", delta: "Hello" },
    { kind: "end", reason: "complete" },
  );
  await answered("done");
  await api.chat.tx(async (ctx) => {
    for (let n = 0; n < 51; n++) {
      await ctx.db.insert("messages", {
        ...{ sessionId, role: "user", text: `${n}`, state: "done" },
      });
    }
  });
  const args = ["chat", sessionId, "Hi", "--key", "k"];
  const { stdout, code } = await slipway(args, as(token));
  expect([stdout, code]).toEqual(["Hello\n", 0]);
});

test("lists go on where they said, and a delete with a key is one, done twice", async () => {
  const { token, sessionId, newSession } = await api.person("cleo");
  for (let n = 0; n < 30; n++) await newSession();
  const page = await slipway(["list", "sessions"], as(token));
  const lines = page.stdout.trim().split("\n");
  expect(lines).toHaveLength(31);
  const cursor = lines.at(-1)?.split("--cursor ")[1] ?? "";
  const next = ["list", "sessions", "--cursor", cursor];
  const rest = await slipway(next, as(token));
  expect(rest.stdout).toStartWith(sessionId);
  expect(rest.stdout.trim().split("\n")).toHaveLength(1);
  for (const time of ["first", "second"]) {
    const args = ["delete", sessionId, "--key", "k"];
    expect([time, (await slipway(args, as(token))).code]).toEqual([time, 0]);
  }
});
