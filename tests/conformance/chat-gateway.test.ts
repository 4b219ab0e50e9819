import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import {
  createModelServer,
  type ModelServer,
} from "../../emulators/model/server";
import { until, type Turn } from "./chat-daemon";
import { startChat, type Chat, type Person } from "./chat-harness";
import { handFed, startUpstream, type Upstream } from "./chat-upstream";

/** The way from an agent through Slipway to its user's model, and back. */

const KEY = "sk-very-secret-key-1234";

let chat: Chat;
let demo: ModelServer;
let upstream: Upstream;
let ada: Person;
let turn: Turn;
let count = 0;

beforeAll(async () => {
  demo = await createModelServer({ paceMs: 40 });
  upstream = startUpstream();
  chat = await startChat({
    providers: [
      {
        id: "demo",
        label: "Demo",
        baseUrl: `${demo.url}/v1`,
        keyless: true,
        defaultModel: "demo",
      },
      {
        id: "paid",
        label: "Paid",
        baseUrl: upstream.url,
        defaultModel: "paid-model",
      },
    ],
  });
});
afterAll(async () => {
  await chat.close();
  await upstream.close();
  await demo.close();
});
beforeEach(async () => {
  count += 1;
  upstream.requests = [];
  upstream.answer = () => Response.json({ object: "list", data: [] });
  ada = await chat.person(`ada${count}`);
  await ada.send(`ask ${count}`);
  turn = await chat.daemon.turn(`ask ${count}`);
  await ada.answered("running");
});

const messages = () => [{ role: "user", content: `ask ${count}` }];

function ask(
  body: unknown,
  token = ada.gatewayToken,
  path = "/gateway/v1/chat/completions",
): Promise<Response> {
  return fetch(chat.backend.siteUrl + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "x-evil": "1" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function usePaid(): Promise<void> {
  const args = { providerId: "paid", key: KEY };
  await ada.client.action(api.settings.saveKey, args);
  upstream.requests = [];
}

const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

test("the demo model answers in a stream", async () => {
  const response = await ask({
    model: "x",
    messages: messages(),
    stream: true,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const text = await response.text();
  expect(text).toContain('"content":"You"');
  expect(text).toEndWith("data: [DONE]\n\n");
  const row = await until(() => rowWithUsage());
  expect(row.usage?.promptTokens).toBeGreaterThan(0);
});

test("without streaming, and with the usage counted", async () => {
  const response = await ask({ model: "x", messages: messages() });
  const body = (await response.json()) as { choices: unknown[] };
  expect(body.choices).toHaveLength(1);
  expect((await rowWithUsage())?.usage?.completionTokens).toBeGreaterThan(0);
});

test("an answer that says it is no error is none", async () => {
  await usePaid();
  const said = { choices: [{ message: { content: "Yes." } }] };
  upstream.answer = () => Response.json({ ...said, error: null });
  const response = await ask({ messages: messages() });
  expect(await response.json()).toMatchObject(said);
});

test("the provider gets the user's key and model, and nothing of the sandbox's choosing", async () => {
  await usePaid();
  upstream.answer = () => Response.json({ choices: [{}] });
  const response = await ask({
    model: "dearest",
    models: ["a"],
    plugins: [1],
    messages: messages(),
  });
  expect(response.status).toBe(200);
  const [request] = upstream.requests;
  expect(request?.url).toBe("/v1/chat/completions");
  expect(request?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
  expect(request?.headers.get("x-evil")).toBeNull();
  expect(request?.body).toEqual({
    model: "paid-model",
    messages: messages(),
    stream: false,
  });
});

test("each event is passed on before the next is made", async () => {
  await usePaid();
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  const reader = (await asking).body?.getReader();
  const next = async () =>
    new TextDecoder().decode((await reader?.read())?.value as Uint8Array);
  expect(await next()).toContain("one");
  feed.send({ choices: [{ delta: { content: "two" } }] });
  expect(await next()).toContain("two");
  feed.send("[DONE]");
  expect(await next()).toContain("[DONE]");
  feed.end();
  expect((await reader?.read())?.done).toBe(true);
});

test.each([
  ["no token", ""],
  ["a token nobody was given", "nonsense"],
])("%s: refused in OpenAI's shape", async (_, token) => {
  const response = await ask({ messages: messages() }, token);
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toBe("forbidden");
});

test("no turn under way: refused, though the token is good", async () => {
  await turn.tell({ kind: "end", reason: "complete" });
  await ada.answered("done");
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toBe("no_turn");
});

test("a token of an older generation: refused", async () => {
  await chat.tx((ctx) => ctx.db.patch(ada.slotId, { generation: 2 }));
  expect((await ask({ messages: messages() })).status).toBe(403);
});

test("a stream is cut at the turn's end", async () => {
  await usePaid();
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  const response = await asking;
  await turn.tell({ kind: "end", reason: "complete" });
  const text = await response.text();
  expect(text).toContain("one");
  expect(text).not.toContain("[DONE]");
  expect(text).toContain("error");
  await until(() => feed.left());
}, 10_000);

test.each([
  [401, "model_refused_key", 401],
  [402, "model_credit", 402],
  [429, "model_rate_limited", 429],
  [500, "model_failed", 502],
])(
  "the provider says %i: %s, and not a word of its own",
  async (status, code, answered) => {
    await usePaid();
    upstream.answer = () =>
      Response.json(
        { error: { message: `bad key ${KEY}`, code: "whatever" } },
        { status, headers: { "retry-after": "3", "x-leak": KEY } },
      );
    const response = await ask({ messages: messages(), stream: true });
    expect(response.status).toBe(answered);
    const all = JSON.stringify([...response.headers]) + (await response.text());
    expect(all).toContain(code);
    expect(all).not.toContain("secret");
  },
);

test("a context that is too long is said in the words agents know", async () => {
  await usePaid();
  upstream.answer = () =>
    Response.json(
      { error: { message: "too long", code: "context_length_exceeded" } },
      { status: 400 },
    );
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(400);
  expect(await codeOf(response)).toBe("context_length_exceeded");
});

test("a redirect is not followed, wherever it leads", async () => {
  await usePaid();
  const thief = startUpstream();
  upstream.answer = () =>
    new Response(null, {
      status: 307,
      headers: { location: `${thief.url}/chat/completions` },
    });
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(502);
  expect(thief.requests).toEqual([]);
  await thief.close();
});

test("an error in the middle of a stream is replaced, and ends it", async () => {
  await usePaid();
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  feed.send({ error: { message: `oh ${KEY}`, code: 402 } });
  const text = await (await asking).text();
  expect(text).toContain("model_credit");
  expect(text).not.toContain("secret");
});

test("a stream that breaks off is an error, not an end", async () => {
  await usePaid();
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  feed.end();
  const text = await (await asking).text();
  expect(text).toContain("broke off");
});

test("nobody listens at the provider: a coded error", async () => {
  const port = Number(new URL(demo.url).port);
  await demo.close();
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(502);
  expect(await codeOf(response)).toBe("model_failed");
  demo = await createModelServer({ port, paceMs: 40 });
});

test.each(["", "{", "[]", '{"messages":[]}', "null"])(
  "what is no completion request is refused: %s",
  async (body) => {
    expect((await ask(body)).status).toBe(400);
  },
);

test("a request over 8 MiB is refused", async () => {
  const content = "x".repeat(8 * 1024 * 1024 + 1);
  const response = await ask({ messages: [{ role: "user", content }] });
  expect(response.status).toBe(413);
});

test("other paths and methods do not exist", async () => {
  const post = await ask({}, ada.gatewayToken, "/gateway/v1/embeddings");
  expect(post.status).toBe(404);
  const get = await fetch(`${chat.backend.siteUrl}/gateway/v1/models`, {
    headers: { authorization: `Bearer ${ada.gatewayToken}` },
  });
  expect(await get.json()).toMatchObject({ data: [{ id: "slipway" }] });
});

test("settings: a good key is sealed and only its end is shown", async () => {
  await usePaid();
  const settings = await ada.client.query(api.settings.get, {});
  expect(settings).toMatchObject({
    choice: { providerId: "paid", model: "paid-model" },
    effective: { label: "Paid" },
    problem: null,
  });
  expect(settings?.providers).toContainEqual({
    id: "paid",
    label: "Paid",
    keyless: false,
    needsKey: false,
    lastFour: "1234",
    defaultModel: "paid-model",
  });
  expect(JSON.stringify(settings)).not.toContain("secret");
  const stored = await chat.tx(async (ctx) =>
    JSON.stringify(await ctx.db.query("providerKeys").take(100)),
  );
  expect(stored).not.toContain("secret");
});

test.each([
  [401, "model_refused_key"],
  [429, "model_rate_limited"],
  [500, "model_failed"],
  [302, "model_failed"],
])("settings: a key answered with %i changes nothing", async (status, code) => {
  upstream.answer = () =>
    new Response("", { status, headers: { location: "http://127.0.0.1:9/" } });
  const before = await ada.client.query(api.settings.get, {});
  const error: unknown = await ada.client
    .action(api.settings.saveKey, { providerId: "paid", key: "sk-wrong-1" })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ data: { code } });
  expect(await ada.client.query(api.settings.get, {})).toEqual(before);
});

test("settings: forgetting the key of the choice goes back to what needs none", async () => {
  await usePaid();
  await ada.client.mutation(api.settings.forgetKey, { providerId: "paid" });
  expect(await ada.client.query(api.settings.get, {})).toMatchObject({
    choice: null,
    effective: { providerId: "demo" },
    problem: null,
  });
  const choosing = ada.client.mutation(api.settings.choose, {
    providerId: "paid",
    model: "m",
  });
  await expect(choosing).rejects.toMatchObject({
    data: { code: "model_not_set" },
  });
  const unknown = ada.client.mutation(api.settings.choose, {
    providerId: "elsewhere",
    model: "m",
  });
  await expect(unknown).rejects.toMatchObject({
    data: { code: "model_not_allowed" },
  });
});

test("no model at all: the message is kept, and Retry works once there is one", async () => {
  const list = process.env.SLIPWAY_MODEL_PROVIDERS ?? "";
  const keyed = (JSON.parse(list) as { id: string }[]).filter(
    ({ id }) => id === "paid",
  );
  process.env.SLIPWAY_MODEL_PROVIDERS = JSON.stringify(keyed);
  try {
    const session = await ada.newSession();
    await ada.send("no model", session);
    const failed = await ada.answered("failed", session);
    expect(failed.parts[0]?.body).toMatchObject({
      error: {
        code: "model_not_set",
        next: expect.stringContaining("Settings"),
      },
    });
    expect(await ada.client.query(api.settings.get, {})).toMatchObject({
      effective: null,
      problem: { code: "model_not_set" },
    });
    await usePaid();
    await ada.client.mutation(api.sessions.retry, {
      messageId: failed.messageId,
    });
    await chat.daemon.turn("no model");
  } finally {
    process.env.SLIPWAY_MODEL_PROVIDERS = list;
  }
});

function rowWithUsage() {
  return chat.tx(async (ctx) => {
    const rows = await ctx.db
      .query("turns")
      .withIndex("by_slot_and_state", (q) => q.eq("slotId", ada.slotId))
      .take(10);
    return rows.find(({ usage }) => usage !== undefined) ?? null;
  });
}
