import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  MAX_REQUESTS,
  TURN_LIMIT,
  TURN_REQUESTS,
  TURN_TOKENS,
} from "../../convex/model/chat/limits";
import { until, type Turn } from "./chat-daemon";
import {
  errorsOf,
  startChat,
  type Chat,
  type Person,
  type Turns,
} from "./chat-harness";
import { handFed, startUpstream, type Upstream } from "./chat-upstream";

/** What one turn, and one sandbox, may have of its user's model. */

let chat: Chat;
let upstream: Upstream;
let ada: Person;
let turn: Turn;
let count = 0;

beforeAll(async () => {
  upstream = startUpstream();
  chat = await startChat({
    providers: [
      {
        id: "counted",
        label: "Counted",
        baseUrl: upstream.url,
        keyless: true,
        defaultModel: "m",
      },
    ],
  });
});
afterAll(async () => {
  await chat.close();
  await upstream.close();
});
beforeEach(async () => {
  count += 1;
  upstream.requests = [];
  upstream.answer = () => Response.json({ choices: [{}] });
  ada = await chat.person(`ada${count}`);
  await ada.send(`ask ${count}`);
  turn = await chat.daemon.turn(`ask ${count}`);
  await ada.answered("running");
});

const messages = () => [{ role: "user", content: `ask ${count}` }];

function ask(body: object): Promise<Response> {
  return fetch(`${chat.backend.siteUrl}/gateway/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${ada.gatewayToken}` },
    body: JSON.stringify(body),
  });
}

const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

test("a request is charged before it is sent, and for what it cost after", async () => {
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true, max_tokens: 9_000 });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  const response = await asking;
  const reserved = await turnRow();
  expect(reserved.spent?.requests).toBe(1);
  expect(reserved.spent?.tokens).toBeGreaterThan(9_000);
  const usage = { prompt_tokens: 40, completion_tokens: 2 };
  feed.send({ choices: [], usage });
  feed.send("[DONE]");
  feed.end();
  await response.text();
  expect((await turnRow()).spent).toEqual({ requests: 1, tokens: 42 });
  expect(await places()).toEqual([]);
});

test("a refusal costs a request, but no tokens", async () => {
  upstream.answer = () => new Response("", { status: 429 });
  await (await ask({ messages: messages() })).text();
  expect((await turnRow()).spent).toEqual({ requests: 1, tokens: 0 });
});

test.each([
  ["requests", { requests: TURN_REQUESTS, tokens: 0 }],
  ["tokens", { requests: 1, tokens: TURN_TOKENS - 1 }],
])("a turn that has had its %s ends, politely", async (_, spent) => {
  await patchTurn({ spent });
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toBe("model_budget");
  expect(upstream.requests).toEqual([]);
  const failed = await ada.answered("failed");
  expect(errorsOf(failed)).toEqual(["model_budget"]);
  await until(() => chat.daemon.stops.includes(turn.request.turnId));
  expect(await places()).toEqual([]);
  expect((await ask({ messages: messages() })).status).toBe(403);
});

test("a turn past its time has no model, whatever its sandbox says", async () => {
  await patchTurn({ startedAt: Date.now() - TURN_LIMIT });
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toBe("no_turn");
  expect(upstream.requests).toEqual([]);
});

test("so many requests at once, and no more; a place comes back", async () => {
  const feeds = Array.from({ length: MAX_REQUESTS }, () => handFed());
  const open = [...feeds];
  upstream.answer = () => (open.shift() ?? handFed()).response();
  for (const feed of feeds) feed.send({ choices: [] });
  const asked = await Promise.all(
    feeds.map(() => ask({ messages: messages(), stream: true })),
  );
  expect(asked.map(({ status }) => status)).toEqual(feeds.map(() => 200));
  const refused = await ask({ messages: messages() });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("2");
  expect(await codeOf(refused)).toBe("rate_limited");
  expect(upstream.requests).toHaveLength(MAX_REQUESTS);
  for (const feed of feeds) feed.end();
  await Promise.all(asked.map((response) => response.text()));
  upstream.answer = () => Response.json({ choices: [{}] });
  expect((await ask({ messages: messages() })).status).toBe(200);
});

test("the places of requests that a crash took are given again", async () => {
  await chat.tx(async (ctx) => {
    for (let place = 0; place < MAX_REQUESTS; place += 1) {
      await ctx.db.insert("modelRequests", {
        slotId: ada.slotId,
        generation: 1,
        expiresAt: Date.now() - 1,
      });
    }
  });
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(200);
  await response.text();
  expect(await places()).toEqual([]);
});

test("an agent that does not read its answer does not hold it for ever", async () => {
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  const words = "x".repeat(64 * 1024);
  for (let chunk = 0; chunk < 200; chunk += 1) {
    feed.send({ choices: [{ delta: { content: words } }] });
  }
  const response = await asking; // of which not a byte is read
  await turn.tell({ kind: "end", reason: "complete" });
  await until(() => feed.left(), 9_000);
  await response.body?.cancel();
}, 12_000);

async function turnRow(): Promise<Turns> {
  const row = await chat.tx((ctx) =>
    ctx.db
      .query("turns")
      .withIndex("by_slot_and_state", (q) => q.eq("slotId", ada.slotId))
      .unique(),
  );
  if (!row) throw new Error("There is no turn.");
  return row;
}

async function patchTurn(fields: Partial<Turns>): Promise<void> {
  const { _id } = await turnRow();
  await chat.tx((ctx) => ctx.db.patch(_id, fields));
}

function places() {
  return chat.tx((ctx) =>
    ctx.db
      .query("modelRequests")
      .withIndex("by_slot", (q) => q.eq("slotId", ada.slotId))
      .take(100),
  );
}
