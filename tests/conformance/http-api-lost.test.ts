import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { startApi, type Api } from "./http-api-harness";

/** Commands whose answer is lost between the deployment and the pages' server. */

let api: Api;
let proxy: ReturnType<typeof Bun.serve>;
/** Mutations whose answer the proxy loses: they are done. */
let losing = 0;
let mutations = 0;

beforeAll(async () => {
  api = await startApi();
  const { url } = api.chat.backend;
  proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const { method, headers } = request;
      const answer = await fetch(url + pathname, {
        ...{ method, headers, body: await request.arrayBuffer() },
      });
      const text = await answer.text();
      if (pathname === "/api/mutation") {
        mutations += 1;
        if (losing-- > 0) return new Response("Bad gateway", { status: 502 });
      }
      return new Response(text, { status: answer.status });
    },
  });
  process.env.CONVEX_URL = `http://127.0.0.1:${proxy.port}`;
});
afterEach(() => {
  losing = 0;
  mutations = 0;
});
afterAll(async () => {
  await proxy?.stop(true);
  await api?.close();
});

test("a delete without a key says that it may have been done; the next says it was", async () => {
  const { token, sessionId } = await api.person("ada");
  const as = { token, params: { id: sessionId } };
  losing = 1;
  const lost = await api.call("DELETE", "/sessions/{id}", as);
  expect(lost.status).toBe(503);
  expect(lost.headers.has("retry-after")).toBe(true);
  expect(await lost.json()).toMatchObject({
    code: "provider_busy",
    detail: "The backend did not say whether this was done.",
    next: expect.stringContaining("Look whether it was"),
  });
  expect(mutations).toBe(1);
  expect((await api.call("DELETE", "/sessions/{id}", as)).status).toBe(404);
});

test("with a key it is asked for again, and answers what was done", async () => {
  const { token, sessionId } = await api.person("bea");
  const as = { token, params: { id: sessionId }, key: "k" };
  losing = 1;
  const answer = await api.call("DELETE", "/sessions/{id}", as);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ sessionId });
  expect(mutations).toBe(2);
});

test("a message is asked for again, and said once", async () => {
  const { token, sessionId, answered } = await api.person("cid");
  const as = { token, params: { id: sessionId } };
  losing = 1;
  const path = "/sessions/{id}/messages";
  const body = { text: "Hi" };
  expect((await api.call("POST", path, { ...as, body })).status).toBe(202);
  await answered("running");
  const { messages } = (await (await api.call("GET", path, as)).json()) as {
    messages: { role: string }[];
  };
  expect(messages.filter(({ role }) => role === "user")).toHaveLength(1);
});
