import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { failure, type ErrorCode } from "../../convex/model/errors";
import { problemBody } from "../../convex/model/problem";
import { Client, Product, repository, skillMd, until } from "./harness";

let product: Product;

beforeAll(async () => {
  product = await Product.start();
  await repository(product.skillsDir, "api", "skills", {
    "skills/one/SKILL.md": skillMd("one", "One."),
    "skills/two/SKILL.md": skillMd("two", "Two."),
  });
}, 400_000);
afterAll(async () => {
  await product?.stop();
});

type Taken = { launchId: string; joined: boolean; url: string };

test("health names every part and where it is", async () => {
  const { ok, checks, endpoints } = await product.health();
  expect(ok).toBe(true);
  expect(Object.keys(checks).sort()).toEqual([
    ...["agent", "backend", "identity", "model", "relay", "sandbox"],
    "skillhost",
  ]);
  expect(endpoints).toMatchObject({
    backend: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    sandbox: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
});

test("an Idempotency-Key answers the same launch, and refuses another body", async () => {
  const client = await Client.of(product, "twice");
  const ask = (skill: string, key: string) =>
    client.ask<Taken & { code: string }>(
      "POST",
      "/launches",
      { skill },
      {
        "idempotency-key": key,
      },
    );

  const first = await ask("api/skills/one", "k-1");
  await client.ended(first.body.launchId);
  const again = await ask("api/skills/one", "k-1");
  const fresh = await ask("api/skills/one", "k-2");
  const other = await ask("api/skills/two", "k-1");

  expect(first.status).toBe(202);
  expect(again).toEqual(first);
  expect(fresh.body.launchId).not.toBe(first.body.launchId);
  expect(other).toMatchObject({
    status: 422,
    body: { code: "idempotency_conflict" },
  });
  expect(first.body.url).toMatch(
    new RegExp(`^${product.baseUrl}/sessions/\\w+$`),
  );
});

test("a message with the same Idempotency-Key is sent once", async () => {
  const client = await Client.of(product, "echo");
  const { sessionId } = await client.launchReady("api/skills/one");
  const send = () =>
    client.ask<{ messageId: string }>(
      "POST",
      `/sessions/${sessionId}/messages`,
      { text: "Once" },
      { "idempotency-key": "m-1" },
    );
  const [one, two] = await Promise.all([send(), send()]);
  expect(one.status).toBe(202);
  expect(two).toEqual(one);
  const messages = await client.messages(sessionId);
  expect(messages.filter(({ role }) => role === "user")).toHaveLength(1);
});

test("what is another's looks like what does not exist", async () => {
  const owner = await Client.of(product, "owner");
  const { launchId, sessionId } = await owner.launchReady("api/skills/one");
  const [sandbox] = await owner.sandboxes();
  const stranger = await Client.of(product, "stranger");
  const asked = await Promise.all([
    stranger.ask("GET", `/launches/${launchId}`),
    stranger.ask("GET", `/sessions/${sessionId}/messages`),
    stranger.ask("POST", `/sessions/${sessionId}/messages`, { text: "Hi" }),
    stranger.ask("GET", `/sandboxes/${sandbox?.slotId}`),
    stranger.ask("POST", `/sandboxes/${sandbox?.slotId}/stop`),
    stranger.ask("DELETE", `/sandboxes/${sandbox?.slotId}`),
    stranger.ask("GET", "/launches/nonsense"),
  ]);
  expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 404));
  expect(await stranger.sandboxes()).toEqual([]);
});

test("a sandbox is stopped, started and deleted", async () => {
  const client = await Client.of(product, "switch");
  await client.launchReady("api/skills/one");
  const [sandbox] = await client.sandboxes();
  const path = `/sandboxes/${sandbox?.slotId}`;
  const become = (status: string) =>
    until(`sandbox to be ${status}`, async () => {
      const [now] = await client.sandboxes();
      return now?.state.status === status;
    });
  expect((await client.ask("POST", `${path}/stop`)).status).toBe(202);
  await become("stopped");
  expect((await client.ask("POST", `${path}/start`)).status).toBe(202);
  await become("running");
  expect((await client.ask("DELETE", path)).status).toBe(202);
  await become("empty");
  const made = await product.providerSandboxes();
  expect(made.map(({ id }) => id)).not.toContain(sandbox?.sandboxId ?? "");
});

test.each([
  [{}, 401],
  [{ authorization: "Bearer not.a.token" }, 401],
] as [Record<string, string>, number][])(
  "a request with %p is answered %i",
  async (headers, status) => {
    const response = await fetch(`${product.baseUrl}/api/v1/sandboxes`, {
      headers,
    });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe(
      "application/problem+json",
    );
  },
);

test.each([
  { host: "evil.example" },
  { origin: "https://evil.example" },
  { "sec-fetch-site": "cross-site" },
  { "x-forwarded-for": "127.0.0.1" },
  { "x-forwarded-host": "127.0.0.1" },
  { forwarded: "for=127.0.0.1" },
  { "content-type": "text/plain" },
] as Record<string, string>[])("no local token with %p", async (headers) => {
  const response = await fetch(`${product.baseUrl}/api/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"user":"ada"}',
  });
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
});

/** As it is written here: fetch would tidy the address, and knows no TRACE. */
async function raw(method: string, path: string) {
  const { hostname, port } = new URL(product.baseUrl);
  const asked = request({ hostname, port, method, path }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const said = await text(answer);
  const { "content-type": type, allow } = answer.headers;
  return { status: answer.statusCode, type, allow, said };
}
const PROBLEM = "application/problem+json";

test.each([
  ["GET", "/api/v1/launches/abc%2", 400, "bad_request"],
  ["GET", "/api/v1/%ff", 400, "bad_request"],
  ["GET", "/api/%ff?x=1", 400, "bad_request"],
  ["GET", "/api", 404, "not_found"],
  ["PUT", "/api/nope", 404, "not_found"],
  ["TRACE", "/api/v1/me", 405, "method_not_allowed"],
  ["PROPFIND", "/api/nope", 405, "method_not_allowed"],
  ["HEAD", "/api/local/token", 405, null],
  ["PUT", "/api/local/token", 405, "method_not_allowed"],
  ["DELETE", "/api/health", 405, "method_not_allowed"],
] as [string, string, number, ErrorCode | null][])(
  "%s %s is a problem, %i",
  async (method, path, status, code) => {
    const answer = await raw(method, path);
    expect(answer).toMatchObject({ status, type: PROBLEM });
    expect(answer.allow !== undefined).toBe(status === 405);
    if (code === null) return; // HEAD says no more
    const body = JSON.parse(answer.said) as { detail: string };
    expect(body).toEqual(problemBody(failure(code, body.detail)));
  },
);

test.each([
  ["GET", "/slipway/examples/%ff", 400],
  ["GET", "/100%", 400],
  ["PROPFIND", "/", 405],
])("%s %s, of no page, is %i in words", async (method, path, status) => {
  const answer = await raw(method, path);
  expect(answer).toMatchObject({ status, type: "text/plain" });
});

test("what only looks odd is left to its page", async () => {
  expect((await raw("GET", "/?x=%ff")).status).toBe(200);
  expect((await raw("GET", "/nobody/%E2%82%AC")).status).toBe(200);
});
