import { afterAll, beforeAll, expect, test } from "bun:test";
import { api as functions } from "../../convex/_generated/api";
import { MAX_POSITION } from "../../convex/model/admission";
import { OPERATIONS } from "../../src/server/api/operations";
import type { Person } from "./chat-harness";
import {
  contract,
  startApi,
  type Api,
  type CallOptions,
  type Document,
} from "./http-api-harness";
import { parse, readEvents, reading } from "./http-api-events";

let api: Api;
let check: ReturnType<typeof contract>;
let ada: Person;
let sha: string;
const answered = new Set<string>();

beforeAll(async () => {
  api = await startApi();
  const response = await api.call("GET", "/openapi.json");
  check = contract((await response.json()) as Document);
  ada = await api.person("ada");
  const opened = await ada.client.action(functions.skills.open, {
    link: "ada/tools/one",
  });
  if (opened.kind !== "skill") throw new Error("Not one skill.");
  sha = opened.skill.sha;
  // Already on the disk of her sandbox: a launch of it is ready at once.
  await api.chat.tx(async (ctx) => {
    const { slotId } = ada;
    await ctx.db.insert("installedSkills", {
      ...{ slotId, generation: 1, sha, digest: "d" },
      ...{ skillKey: opened.skill.key, name: "one", path: "/skills/one" },
      link: opened.skill.link,
    });
    const boot = await ctx.db
      .query("boots")
      .withIndex("by_slot", (q) => q.eq("slotId", slotId))
      .unique();
    if (!boot) throw new Error("The sandbox has no boot.");
    await ctx.db.patch("boots", boot._id, { agent: { state: "ready" } });
    const now = Date.now();
    await ctx.db.insert("activity", {
      ...{ slotId, confirmedAt: now, lookedAt: now, failures: 0, polls: 0 },
    });
  });
});
afterAll(async () => {
  await api?.close();
});

/** Calls in ada's name, and holds the answer against the document. */
async function ask<T>(
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<{ status: number; body: T }> {
  const response = await api.call(method, path, {
    token: ada.token,
    ...options,
  });
  expect(await check(method, path, response)).toEqual([]);
  if (response.ok) answered.add(`${method} ${path}`);
  return { status: response.status, body: (await response.json()) as T };
}

type Launch = { launchId: string; sessionId: string; state: string };
type LogEntry = { what: { kind: string }; by: { kind: string } };
type Problem = { code: string; detail: string; choices?: unknown[] };
const ONE = { body: { skill: "ada/tools/one" } };
const TWO = { body: { skill: "ada/tools/two" } };

test("every route answers as documented", async () => {
  const launched = await ask<Launch>("POST", "/launches", ONE);
  expect(launched.status).toBe(202);
  const { launchId, sessionId } = launched.body;
  const id = { params: { id: launchId } };
  expect(await ask("GET", "/launches/{id}", id)).toMatchObject({
    status: 200,
    body: { launchId, state: "ready", sha },
  });
  const events = await readEvents(
    await api.call("GET", "/launches/{id}/events", {
      ...{ token: ada.token },
      ...id,
    }),
  );
  expect(events.map(({ event }) => event)).toEqual(["launch", "end"]);
  expect(check.events("/launches/{id}/events", events)).toEqual([]);
  answered.add("GET /launches/{id}/events");
  const log = await ask<{ events: LogEntry[] }>(
    "GET",
    "/launches/{id}/log",
    id,
  );
  expect(log.body.events.map(({ what, by }) => [what, by])).toEqual([
    [expect.objectContaining({ change: "requested" }), { kind: "browser" }],
    [expect.objectContaining({ change: "ready" }), { kind: "browser" }],
  ]);
  await ask("GET", "/launches");
  await ask("POST", "/launches/{id}/cancel", id);
  await ask("DELETE", "/launches/{id}", id);

  const session = { params: { id: sessionId } };
  await ask("GET", "/sessions");
  await ask("GET", "/sessions/{id}", session);
  await ask("POST", "/sessions/{id}/messages", {
    ...session,
    body: { text: "Hello" },
  });
  expect(await ask("GET", "/sessions/{id}/messages", session)).toMatchObject({
    body: { messages: [{ text: "Hello" }, {}] },
  });
  await ask("POST", "/sessions/{id}/stop", session);
  expect(await ask("DELETE", "/sessions/{id}", session)).toEqual({
    ...{ status: 200, body: { sessionId } },
  });
  await ask("GET", "/skills/resolve", { query: "?link=ada/tools/one" });
  await ask("GET", "/skills/resolve", { query: "?link=ada/tools" });
  await ask("GET", "/me");

  const slot = { params: { slotId: ada.slotId } };
  await ask("GET", "/sandboxes");
  await ask("GET", "/sandboxes/{slotId}", slot);
  // In tests of their own: http-api-watch, http-api-retry and http-api-states.
  answered.add("GET /sandboxes/{slotId}/events");
  answered.add("POST /messages/{messageId}/retry");
  answered.add("POST /sandboxes/{slotId}/replace/without-files");
  expect(await ask("GET", "/sandboxes/{slotId}/log", slot)).toMatchObject({
    body: { slotId: ada.slotId, events: expect.any(Array), nextCursor: null },
  });
  await ask("POST", "/sandboxes/{slotId}/start", slot);
  await ask("POST", "/sandboxes/{slotId}/look", slot);
  await ask("POST", "/sandboxes/{slotId}/keep", slot);
  await ask("POST", "/sandboxes/{slotId}/tickets", {
    ...slot,
    body: { kind: "terminal" },
  });
  const other = await api.person("stops");
  const theirs = { token: other.token, params: { slotId: other.slotId } };
  await ask("POST", "/sandboxes/{slotId}/replace", theirs);
  expect(await ask("GET", "/sandboxes/{slotId}", theirs)).toMatchObject({
    body: { state: { status: "replacing", stage: "keep" }, cancellable: true },
  });
  await ask("POST", "/sandboxes/{slotId}/replace/resume", theirs);
  await ask("POST", "/sandboxes/{slotId}/replace/cancel", theirs);
  await ask("POST", "/sandboxes/{slotId}/stop", theirs);
  await ask("DELETE", "/sandboxes/{slotId}", theirs);

  const { token, slotId } = await api.person("leaves");
  const all = { token, key: "all" };
  const stopped = await ask("POST", "/sandboxes/stop-all", all);
  expect(stopped).toMatchObject({ status: 202, body: { stopping: 1 } });
  expect(await ask("POST", "/sandboxes/stop-all", all)).toEqual(stopped);
  expect(await ask("GET", "/sandboxes/restore", { token })).toMatchObject({
    body: { items: [{ slotId, state: "stopping" }] },
  });
  const retry = "/sandboxes/stop-all/retry";
  expect(await ask("POST", retry, { token })).toMatchObject({
    body: { stopping: 0 }, // none has failed
  });
  expect(await ask("POST", "/sandboxes/restore", { token })).toMatchObject({
    body: { restoring: 0 }, // it is on its way down
  });
  await ask("DELETE", "/sandboxes/restore", { token });
  expect(await ask("GET", "/sandboxes/restore", { token })).toMatchObject({
    body: { items: [] },
  });

  const routes = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
  expect([...answered].sort()).toEqual(routes.sort());
});

test.each([
  ["GET", "/launches", { token: "" }, "not_signed_in"],
  ["GET", "/launches", { token: "not.a.token" }, "not_signed_in"],
  ["GET", "/launches", { token: `slp_${"A".repeat(43)}` }, "not_signed_in"],
  ["POST", "/launches", { token: "slp_x", ...ONE }, "not_signed_in"],
  ["GET", "/launches", { query: "?limit=0" }, "bad_request"],
  ["GET", "/launches", { query: "?cursor=abc.def" }, "bad_request"],
  ["GET", "/launches/{id}", { params: { id: "nonsense" } }, "not_found"],
  ["GET", "/launches/{id}/events", { params: { id: "no" } }, "not_found"],
  ["GET", "/launches/{id}/log", { params: { id: "no" } }, "not_found"],
  ["GET", "/sandboxes/{slotId}/log", { params: { slotId: "no" } }, "not_found"],
  [
    "GET",
    "/sandboxes/{slotId}/events",
    { params: { slotId: "no" } },
    "not_found",
  ],
  [
    "POST",
    "/sandboxes/{slotId}/replace",
    { params: { slotId: "no" } },
    "not_found",
  ],
  [
    "POST",
    "/sandboxes/{slotId}/keep",
    { params: { slotId: "no" } },
    "not_found",
  ],
  ["POST", "/launches", { body: { skill: 7 } }, "bad_request"],
  ["POST", "/launches", { body: { skill: "a/b", own: "yes" } }, "bad_request"],
  ["POST", "/launches", { body: { skill: "ada/tools" } }, "skill_not_found"],
  ["POST", "/launches", { body: { skill: "http://" } }, "bad_link"],
  ["GET", "/skills/resolve", {}, "bad_request"],
  ["GET", "/sessions/{id}", { params: { id: "no" } }, "not_found"],
  ["POST", "/sessions/{id}/stop", { params: { id: "no" } }, "not_found"],
  [
    "POST",
    "/messages/{messageId}/retry",
    { params: { messageId: "no" } },
    "not_found",
  ],
  ["DELETE", "/sessions/{id}", { params: { id: "no" } }, "not_found"],
] as [string, string, CallOptions, string][])(
  "%s %s with %p fails as documented: %s",
  async (method, path, options, code) => {
    const { body } = await ask<Problem>(method, path, options);
    expect(body.code).toBe(code);
  },
);

test("an Idempotency-Key runs a POST once, at whatever state things are by then", async () => {
  const first = await ask<Launch>("POST", "/launches", { ...ONE, key: "k" });
  const again = await ask<Launch>("POST", "/launches", { ...ONE, key: "k" });
  expect(again).toEqual(first);
  const other = await ask<Problem>("POST", "/launches", { ...TWO, key: "k" });
  expect(other).toMatchObject({
    status: 422,
    body: { code: "idempotency_conflict" },
  });

  const cid = await api.person("cid");
  const slot = { token: cid.token, params: { slotId: cid.slotId } };
  const start = "/sandboxes/{slotId}/start";
  await ask("POST", start, { ...slot, key: "s" });
  await ask("POST", "/sandboxes/{slotId}/stop", { ...slot, key: "s" });
  // Without the key this is refused: it is on its way down.
  expect((await ask("POST", start, slot)).status).toBe(409);
  expect((await ask("POST", start, { ...slot, key: "s" })).status).toBe(202);
  const { body } = await ask<{ state: { status: string } }>(
    "GET",
    "/sandboxes/{slotId}",
    slot,
  );
  expect(body.state.status).toBe("stopping");
});

test("a request that failed is tried anew with the same key", async () => {
  const dee = await api.person("dee");
  const slot = { token: dee.token, params: { slotId: dee.slotId }, key: "x" };
  await api.chat.tx((ctx) =>
    ctx.db.patch("slots", dee.slotId, { state: { status: "empty" } }),
  );
  const path = "/sandboxes/{slotId}/stop";
  expect((await ask("POST", path, slot)).status).toBe(409);
  await api.chat.tx((ctx) =>
    ctx.db.patch("slots", dee.slotId, {
      state: { status: "running", since: Date.now() },
    }),
  );
  expect((await ask("POST", path, slot)).status).toBe(202);
});

test("a stream tells each change and ends with the launch", async () => {
  const { body } = await ask<Launch>("POST", "/launches", TWO);
  const id = { params: { id: body.launchId } };
  const response = await api.call("GET", "/launches/{id}/events", {
    ...{ token: ada.token },
    ...id,
  });
  await ask("POST", "/launches/{id}/cancel", id);
  const events = await readEvents(response);
  expect(check.events("/launches/{id}/events", events)).toEqual([]);
  expect(events.at(-2)).toMatchObject({
    event: "launch",
    data: { state: "cancelled" },
  });
  expect(events.at(-1)).toMatchObject({
    event: "end",
    data: { state: "cancelled" },
  });
});

test("the document says how far positions are counted", async () => {
  const response = await api.call("GET", "/openapi.json");
  const { components } = (await response.json()) as Document;
  const position = { description: expect.stringContaining(`${MAX_POSITION}`) };
  for (const record of ["Launch", "Sandbox"]) {
    expect(components.schemas[record]).toMatchObject({
      properties: { position },
    });
  }
});

/** A person whose running sandbox takes the only place. */
async function withoutPlace(name: string): Promise<Person> {
  const person = await api.person(name);
  await api.chat.tx(async (ctx) => {
    const { slotId, userId } = person;
    const remote = await ctx.db
      .query("remotes")
      .withIndex("by_slot_and_generation", (q) => q.eq("slotId", slotId))
      .unique();
    if (!remote) throw new Error("There is no sandbox.");
    await ctx.db.insert("places", { remoteId: remote._id, userId });
  });
  return person;
}

test("who waits for a place is told the position as it moves", async () => {
  const fay = await withoutPlace("fay");
  const gus = await withoutPlace("gus");
  const body = { skill: "ada/tools/one", own: true };
  const launch = async ({ token }: Person) => {
    const taken = await ask<Launch>("POST", "/launches", { token, body });
    return { token, params: { id: taken.body.launchId } };
  };
  const first = await launch(fay);
  const second = await launch(gus);
  expect(await ask("GET", "/launches/{id}", first)).toMatchObject({
    body: { state: "queued", position: 1, ownCap: 1 },
  });
  const stream = reading(
    await api.call("GET", "/launches/{id}/events", second),
  );
  const begun = await stream.until("event: launch");
  await ask("POST", "/launches/{id}/cancel", first);
  const { token } = gus;
  expect(await ask("GET", "/sandboxes", { token })).toMatchObject({
    body: {
      sandboxes: [
        { name: "default", position: null },
        { name: "local/ada/tools/skills/one", position: 1, ownCap: 1 },
      ],
    },
  });
  const moved = await stream.until("event: launch");
  await ask("POST", "/launches/{id}/cancel", second);
  const events = parse(begun + moved + (await stream.until(null)));
  expect(check.events("/launches/{id}/events", events)).toEqual([]);
  expect(events.map(({ data }) => data.position)).toEqual(
    // What is cancelled has none, and neither has the end.
    [2, 1, null, undefined],
  );
});

test("revoking a token ends what is watching with it", async () => {
  const { token, tokenId } = await ada.client.action(functions.tokens.create, {
    name: "watcher",
    scopes: ["read"],
  });
  const { body } = await ask<Launch>("POST", "/launches", TWO);
  const id = { params: { id: body.launchId } };
  const response = await api.call("GET", "/launches/{id}/events", {
    token,
    ...id,
  });
  const stream = reading(response);
  await stream.until("event: launch");
  await ada.client.mutation(functions.tokens.revoke, { tokenId });
  const rest = parse(await stream.until(null));
  expect(check.events("/launches/{id}/events", rest)).toEqual([]);
  expect(rest.at(-1)).toMatchObject({
    event: "problem",
    data: { code: "not_signed_in" },
  });
  expect((await ask("GET", "/launches", { token })).status).toBe(401);
  await ask("POST", "/launches/{id}/cancel", id);
});
