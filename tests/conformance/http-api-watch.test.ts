import { afterAll, beforeAll, expect, test } from "bun:test";
import { api as functions } from "../../convex/_generated/api";
import { MAX_OPEN } from "../../src/server/api/open-streams";
import {
  contract,
  startApi,
  type Api,
  type Document,
} from "./http-api-harness";
import { parse as parsed, reading } from "./http-api-events";

/** A sandbox's stream. */

let api: Api;
let check: ReturnType<typeof contract>;
beforeAll(async () => {
  api = await startApi();
  const document = await api.call("GET", "/openapi.json");
  check = contract((await document.json()) as Document);
});
afterAll(async () => {
  await api?.close();
});

const EVENTS = "/sandboxes/{slotId}/events";

/** The events, each as the document has it. */
function parse(text: string): ReturnType<typeof parsed> {
  const events = parsed(text);
  expect(check.events(EVENTS, events)).toEqual([]);
  return events;
}

test("what the document does not have is found", () => {
  for (const event of [
    { event: "sandbox", data: {} },
    { event: "gossip", data: {} },
  ]) {
    expect(check.events(EVENTS, [event])).not.toBeEmpty();
  }
});

test("a sandbox is told at once and at each change, as it is answered, until it is gone", async () => {
  const { token, slotId } = await api.person("ada");
  const as = { token, params: { slotId } };
  const read = async (): Promise<unknown> =>
    await (await api.call("GET", "/sandboxes/{slotId}", as)).json();
  const response = await api.call("GET", EVENTS, as);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const stream = reading(response);
  const first = await read();
  expect(parse(await stream.until("event: sandbox"))).toEqual([
    { event: "sandbox", data: first as never },
  ]);

  await api.chat.tx((ctx) =>
    ctx.db.patch("slots", slotId, {
      state: { status: "stopped", by: "user", since: Date.now() },
    }),
  );
  const second = await read();
  expect(second).not.toEqual(first);
  expect(parse(await stream.until("event: sandbox"))).toEqual([
    { event: "sandbox", data: second as never },
  ]);

  await api.chat.tx((ctx) =>
    ctx.db.patch("slots", slotId, { state: { status: "empty" } }),
  );
  expect(parse(await stream.until(null))).toEqual([
    { event: "sandbox", data: (await read()) as never },
    { event: "end", data: { state: "empty" } },
  ]);
});

test("one whose record goes is told as a problem", async () => {
  const { token, slotId } = await api.person("bea");
  const as = { token, params: { slotId } };
  const stream = reading(await api.call("GET", EVENTS, as));
  await stream.until("event: sandbox");
  await api.chat.tx((ctx) => ctx.db.delete("slots", slotId));
  expect(parse(await stream.until(null))).toMatchObject([
    { event: "problem", data: { code: "not_found" } },
  ]);
});

test("a client that leaves ends it", async () => {
  const { token, slotId } = await api.person("cid");
  const leaving = new AbortController();
  const { signal } = leaving;
  const as = { token, params: { slotId }, signal };
  const stream = reading(await api.call("GET", EVENTS, as));
  await stream.until("event: sandbox");
  leaving.abort();
  expect(parse(await stream.until(null))).toEqual([]);
});

test("HEAD is answered without a stream that nobody would read", async () => {
  const { token, slotId } = await api.person("dee");
  const response = await api.call("HEAD", EVENTS, {
    ...{ token, params: { slotId } },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.body).toBe(null);
});

test("nobody watches another's", async () => {
  const { slotId } = await api.person("eve");
  const { token } = await api.person("fay");
  const response = await api.call("GET", EVENTS, {
    ...{ token, params: { slotId } },
  });
  expect(response.status).toBe(404);
});

test("a user has no more than so many open, with whatever tokens; who closes one may open another", async () => {
  const { client, token: own, slotId } = await api.person("cleo");
  const args = { name: "A script", scopes: ["read" as const] };
  const made = await client.action(functions.tokens.create, args);
  const open = (token: string) =>
    api.call("GET", EVENTS, { token, params: { slotId } });
  const opened = await Promise.all(
    Array.from({ length: MAX_OPEN }, (_, i) => open(i % 2 ? own : made.token)),
  );
  for (const token of [own, made.token]) {
    const refused = await open(token);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: "rate_limited" });
  }
  await opened[0]?.body?.cancel();
  const next = await open(own);
  expect(next.status).toBe(200);
  for (const { body } of [...opened.slice(1), next]) await body?.cancel();
});
