import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { api, internal } from "../../convex/_generated/api";
import type { Doc } from "../../convex/_generated/dataModel";
import {
  MAX_ALL_REQUESTS,
  MAX_COMPLETION_BYTES,
  MAX_REQUESTS,
  MAX_USER_REQUESTS,
  STOP_GRACE,
  TURN_LIMIT,
  TURN_REQUESTS,
  TURN_TOKENS,
} from "../../convex/model/chat/limits";
import { sha256Hex } from "../../convex/model/seal";
import { within } from "../../convex/model/within";
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

test("of a model the user chose more is reserved than the provider's own may hold", async () => {
  const choice = { providerId: "counted", model: "vast" };
  await ada.client.mutation(api.settings.choose, choice);
  const feed = handFed();
  upstream.answer = feed.response;
  const history = { role: "system", content: "x".repeat(1_000_000) };
  const asked = [history, ...messages()];
  const asking = ask({ messages: asked, stream: true });
  feed.send("[DONE]");
  const response = await asking;
  expect((await turnRow()).spent?.tokens).toBeGreaterThan(250_000);
  feed.end();
  await response.text();
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

test("all sandboxes of a user have so many places, and no more", async () => {
  const other = await chat.person(`other${count}`);
  const { userId } = ada;
  await holdPlaces(MAX_USER_REQUESTS, { slotId: other.slotId, userId });
  const refused = await ask({ messages: messages() });
  expect(refused.status).toBe(429);
  expect(await codeOf(refused)).toBe("rate_limited");
  expect(upstream.requests).toEqual([]);
  await chat.tx(async (ctx) => {
    const rows = ctx.db
      .query("modelRequests")
      .withIndex("by_user", (q) => q.eq("userId", userId));
    for (const { _id } of await rows.take(100)) {
      await ctx.db.patch(_id, { expiresAt: Date.now() - 1 });
    }
  });
  expect((await ask({ messages: messages() })).status).toBe(200);
});

test("one user's places are not another's", async () => {
  const { slotId, userId } = await chat.person(`other${count}`);
  await holdPlaces(MAX_USER_REQUESTS, { slotId, userId });
  try {
    expect((await ask({ messages: messages() })).status).toBe(200);
  } finally {
    await forgetPlaces();
  }
});

test("the deployment has so many places, and no more", async () => {
  const { slotId } = await chat.person(`other${count}`);
  await holdPlaces(MAX_ALL_REQUESTS, { slotId });
  try {
    expect((await ask({ messages: messages() })).status).toBe(429);
  } finally {
    await forgetPlaces();
  }
  expect((await ask({ messages: messages() })).status).toBe(200);
});

test("a request ends with its own turn, though another goes on", async () => {
  await ada.send(`other ${count}`, await ada.newSession());
  await chat.daemon.turn(`other ${count}`);
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  const response = await asking;
  await turn.tell({ kind: "end", reason: "complete" });
  const text = await within(7_000, response.text());
  expect(text).toContain("agent_lost");
  await until(() => feed.left());
}, 12_000);

test("a turn that is to stop asks nothing more, and is told to wait", async () => {
  const deadlineAt = Date.now() + STOP_GRACE;
  await patchTurn({ stopRequested: true, deadlineAt });
  const response = await ask({ messages: messages() });
  expect(response.status).toBe(429);
  expect(upstream.requests).toEqual([]);
  await patchTurn({ deadlineAt: Date.now() });
  expect((await ask({ messages: messages() })).status).toBe(403);
});

test("a turn that was told to stop while its request was read is charged nothing", async () => {
  const tokenHash = await sha256Hex(ada.gatewayToken);
  const admitted = (await chat.backend.run(internal.gateway.admit, {
    tokenHash,
  })) as { requestId: string };
  const deadlineAt = Date.now() + STOP_GRACE;
  await patchTurn({ stopRequested: true, deadlineAt });
  const { requestId } = admitted;
  const { _id: turnId, spent } = await turnRow();
  const asked = { requestId, turnId, tokens: 1 };
  const charged = await chat.backend.run(internal.gateway.charge, asked);
  expect(charged).toEqual({ kind: "over" });
  expect((await turnRow()).spent).toEqual(spent);
});

test("the requests of a turn that is to stop end with its grace", async () => {
  const feed = handFed();
  upstream.answer = feed.response;
  const asking = ask({ messages: messages(), stream: true });
  feed.send({ choices: [{ delta: { content: "one" } }] });
  const response = await asking;
  await patchTurn({ stopRequested: true, deadlineAt: Date.now() });
  expect(await within(7_000, response.text())).toContain("agent_lost");
}, 12_000);

test("an answer in one piece that breaks off is an error, and is settled", async () => {
  const feed = handFed();
  upstream.answer = () => new Response(feed.response().body);
  const asking = ask({ messages: messages() });
  feed.send("half");
  await until(async () => upstream.requests.length > 0);
  feed.breakOff();
  const response = await asking;
  expect(response.status).toBe(502);
  expect(await codeOf(response)).toBe("model_failed");
  expect(await places()).toEqual([]);
});

test.each([
  [413, { messages: "x".repeat(MAX_COMPLETION_BYTES + 1) }],
  [400, { messages: [] }],
])("a body that is refused with %i costs a request", async (status, body) => {
  const response = await ask(body);
  expect(response.status).toBe(status);
  expect((await turnRow()).spent).toEqual({ requests: 1, tokens: 0 });
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

type Place = Omit<Doc<"modelRequests">, "_id" | "_creationTime">;

function holdPlaces(
  count: number,
  whose: Pick<Place, "slotId" | "userId">,
): Promise<void> {
  return chat.tx(async (ctx) => {
    const place = { ...whose, generation: 1, expiresAt: Date.now() + 60_000 };
    for (let held = 0; held < count; held += 1) {
      await ctx.db.insert("modelRequests", place);
    }
  });
}

/** Those of everybody: the other tests share the deployment. */
function forgetPlaces(): Promise<void> {
  return chat.tx(async (ctx) => {
    const all = await ctx.db.query("modelRequests").take(1_000);
    for (const { _id } of all) await ctx.db.delete(_id);
  });
}

function places() {
  return chat.tx((ctx) =>
    ctx.db
      .query("modelRequests")
      .withIndex("by_slot", (q) => q.eq("slotId", ada.slotId))
      .take(100),
  );
}
