import { expect, test } from "bun:test";
import { ConvexClient } from "convex/browser";
import type { ConvexError } from "convex/values";
import { api, internal } from "../../convex/_generated/api";
import { until } from "./chat-daemon";
import {
  errorsOf,
  SKILL_KEY,
  SKILL_PATH,
  wordsOf,
  type Message,
  messagesOf,
} from "./chat-harness";
import { ada, chat, chatInTests } from "./chat-tests";

chatInTests();

const done = { kind: "end", reason: "complete" };
const check = () => chat.backend.run(internal.turns.check);
const taken = (text: string) =>
  chat.daemon.taken.filter((turn) => turn.text === text);

test("a message reaches the sandbox with its skill, and the answer comes back", async () => {
  await ada.send("hello 1");
  const turn = await chat.daemon.turn("hello 1");
  expect(turn.request).toMatchObject({
    sessionId: ada.sessionId,
    skill: { name: "one", path: SKILL_PATH, key: SKILL_KEY },
  });
  await ada.answered("running");
  expect(await turn.tell({ kind: "text", delta: "Good " })).toBe(200);
  expect(await turn.tell({ kind: "text", delta: "day" }, done)).toBe(200);
  const answer = await ada.answered("done");
  expect(wordsOf(answer)).toBe("Good day");
  expect(await ada.client.query(api.sessions.list, {})).toMatchObject([
    { title: "hello 1" },
  ]);
});

test("many watchers see the same stream as it grows", async () => {
  await ada.send("stream");
  const turn = await chat.daemon.turn("stream");
  const watch = () => {
    const client = new ConvexClient(chat.backend.url, { logger: false });
    client.setAuth(() => Promise.resolve(ada.token));
    const seen: string[] = [];
    client.onUpdate(
      api.sessions.messages,
      {
        sessionId: ada.sessionId,
        paginationOpts: { numItems: 10, cursor: null },
      },
      ({ page }) => {
        const newest = page[0] as Message | undefined;
        if (newest?.role === "assistant") seen.push(wordsOf(newest));
      },
    );
    return { seen, close: () => client.close() };
  };
  const watchers = [watch(), watch(), watch()];
  for (const word of ["one ", "two ", "three"]) {
    await turn.tell({ kind: "text", delta: word });
    await until(() =>
      watchers.every(({ seen }) => seen.at(-1)?.includes(word)),
    );
  }
  for (const { seen, close } of watchers) {
    expect(seen).toContain("one two ");
    expect(seen.at(-1)).toBe("one two three");
    await close();
  }
});

test("the same clientId sends once", async () => {
  const args = { sessionId: ada.sessionId, text: "twice", clientId: "c1" };
  const both = await Promise.all([
    ada.client.mutation(api.sessions.send, args),
    ada.client.mutation(api.sessions.send, args),
  ]);
  expect(both[0]).toEqual(both[1]);
  await chat.daemon.turn("twice");
  await ada.answered("running");
  expect(taken("twice")).toHaveLength(1);
});

test("turns of a session go one at a time and in order; sessions in parallel", async () => {
  const other = await ada.newSession();
  await ada.send("first");
  await ada.send("second");
  await ada.send("aside", other);
  const first = await chat.daemon.turn("first");
  await chat.daemon.turn("aside");
  await ada.answered("running", other);
  expect(taken("second")).toHaveLength(0);
  await first.tell(done);
  await chat.daemon.turn("second");
});

test("an answer that was lost is asked for again, and runs once", async () => {
  chat.daemon.answers = ["lose-answer", "lose-answer"];
  await ada.send("lossy");
  await ada.answered("running");
  expect(taken("lossy").length).toBe(3);
  expect(new Set(taken("lossy").map(({ turnId }) => turnId)).size).toBe(1);
  // The sandbox pushes with the token of the try it took: all are good.
  const turn = await chat.daemon.turn("lossy");
  const oldest = taken("lossy")[0]?.push.token;
  const events = turn.say({ kind: "text", delta: "ok" }, done);
  expect((await turn.push(0, events, oldest)).status).toBe(200);
  await ada.answered("done");
});

test("a refusal fails the answer with a reason and keeps the message; Retry runs it again", async () => {
  chat.daemon.answers = [
    { status: 400, body: { code: "bad_request", message: "no" } },
  ];
  await ada.send("refused");
  const failed = await ada.answered("failed");
  expect(errorsOf(failed)).toEqual(["internal"]);
  await ada.client.mutation(api.sessions.retry, {
    messageId: failed.messageId,
  });
  await until(() => taken("refused").length === 2);
  const turn = await chat.daemon.turn("refused");
  await turn.tell({ kind: "text", delta: "now" }, done);
  const answer = await ada.answered("done");
  expect(answer.messageId).toBe(failed.messageId);
  expect(wordsOf(answer)).toBe("now");
  expect(errorsOf(answer)).toEqual([]);
});

test("the sandbox is busy with an older turn: that one is stopped, and the new one goes", async () => {
  chat.daemon.answers = [
    { status: 409, body: { code: "session_busy", turnId: "zombie" } },
  ];
  await ada.send("after a zombie");
  await ada.answered("running");
  expect(chat.daemon.stops).toContain("zombie");
});

test("stop: a running turn is told, a waiting one just ends", async () => {
  await ada.send("long");
  await ada.send("waiting");
  const turn = await chat.daemon.turn("long");
  await until(async () => (await stateOf(1)) === "running");
  await ada.client.mutation(api.sessions.stop, { sessionId: ada.sessionId });
  await until(() => chat.daemon.stops.includes(turn.request.turnId));
  expect((await ada.answer()).state).toBe("stopped");
  await turn.tell({ kind: "end", reason: "stopped" });
  const all = await ada.messages();
  expect(all.map(({ state }) => state)).toEqual([
    "done",
    "stopped",
    "done",
    "stopped",
  ]);
  expect(taken("waiting")).toHaveLength(0);
});

test("a stop the agent never confirms ends by itself", async () => {
  await ada.send("stubborn");
  await chat.daemon.turn("stubborn");
  await ada.answered("running");
  await ada.client.mutation(api.sessions.stop, { sessionId: ada.sessionId });
  await passDeadline();
  await check();
  await ada.answered("stopped");
});

test("events the sandbox could not push are pulled", async () => {
  await ada.send("quiet");
  const turn = await chat.daemon.turn("quiet");
  await ada.answered("running");
  turn.say({ kind: "text", delta: "pulled" }, done);
  await chat.overdue("running");
  await check();
  expect(wordsOf(await ada.answered("done"))).toBe("pulled");
});

test("sandboxd restarted: the turn it forgot is lost, and may be retried", async () => {
  await ada.send("forgotten");
  await chat.daemon.turn("forgotten");
  await ada.answered("running");
  chat.daemon.restart();
  await chat.overdue("running");
  await check();
  const failed = await ada.answered("failed");
  expect(failed.parts.at(-1)?.body).toMatchObject({
    error: { code: "agent_lost", retryable: true },
  });
});

test("a stream that breaks off without its end is no success", async () => {
  await ada.send("silent");
  const turn = await chat.daemon.turn("silent");
  await turn.tell({ kind: "text", delta: "half an ans" });
  await passDeadline();
  await check();
  const failed = await ada.answered("failed");
  expect(wordsOf(failed)).toBe("half an ans");
  expect(errorsOf(failed)).toEqual(["agent_lost"]);
  await until(() => chat.daemon.stops.includes(turn.request.turnId));
});

test("a sender that died is replaced; one at work is left alone", async () => {
  await chat.tx(async (ctx) => {
    // As a crash leaves it: handed to a sender whose job is not there any more.
    await ctx.db.patch(ada.slotId, {
      state: { status: "creating", since: Date.now(), step: "create" },
    });
  });
  await ada.send("orphan");
  await chat.tx(async (ctx) => {
    await ctx.db.patch(ada.slotId, {
      state: { status: "running", since: Date.now() },
    });
    const turn = await ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", ada.sessionId).eq("state", "queued"),
      )
      .unique();
    if (!turn) throw new Error("It does not wait.");
    await ctx.db.patch(turn._id, {
      state: "sending",
      generation: 1,
      token: "nobody",
      checkAt: 0,
    });
  });
  await check();
  await chat.overdue("sending");
  await check();
  await ada.answered("running");
  expect(taken("orphan")).toHaveLength(1);
});

test("a new sandbox: what ran is lost, what waited is told to launch again", async () => {
  await ada.send("running there");
  await ada.send("waiting here");
  await until(async () => (await stateOf(1)) === "running");
  await chat.tx(async (ctx) => {
    await ctx.db.patch(ada.slotId, { state: { status: "empty" } });
  });
  await chat.overdue("running");
  await check();
  const all = await ada.messages();
  expect(all.map(({ state }) => state)).toEqual([
    "done",
    "failed",
    "done",
    "failed",
  ]);
  expect(errorsOf(all[1] as Message)).toEqual(["agent_lost"]);
  const told = all[3]?.parts[0]?.body;
  expect(told).toMatchObject({
    error: { code: "sandbox_lost", next: expect.stringContaining("Launch") },
  });
});

test("another's conversation is nobody's business", async () => {
  const eve = await chat.person("eve");
  const { sessionId } = ada;
  await ada.send("secret");
  const ask = eve.client;
  expect(await ask.query(api.sessions.get, { sessionId })).toBeNull();
  expect(await messagesOf(ask, sessionId)).toEqual([]);
  const args = { sessionId, text: "hi", clientId: "x" };
  const error: unknown = await ask
    .mutation(api.sessions.send, args)
    .catch((thrown: unknown) => thrown);
  expect((error as ConvexError<{ code: string }>).data.code).toBe("not_found");
  expect(
    await ask.query(api.sessions.get, { sessionId: "nonsense" }),
  ).toBeNull();
});

test.each([
  ["", "bad_request"],
  ["   ", "bad_request"],
  ["x".repeat(32_001), "message_too_long"],
])("a message that is none is refused (%#)", async (text, code) => {
  const error: unknown = await ada
    .send(text)
    .catch((thrown: unknown) => thrown);
  expect((error as ConvexError<{ code: string }>).data.code).toBe(code);
});

test("a flood of messages is refused, not stored", async () => {
  const sent = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => ada.send(`flood ${i}`)),
  );
  const refused = sent.filter(({ status }) => status === "rejected");
  expect(refused.length).toBe(9);
});

async function stateOf(index: number): Promise<string | undefined> {
  const all = await ada.messages();
  return all[index]?.state;
}

/** Moves the deadline of whatever runs into the past. */
function passDeadline(): Promise<void> {
  return chat.tx(async (ctx) => {
    const turns = await ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", ada.sessionId).eq("state", "running"),
      )
      .take(10);
    const due = Date.now() - 1; // looked at in time, not after a pause
    for (const { _id } of turns) {
      await ctx.db.patch(_id, { checkAt: due, deadlineAt: due });
    }
  });
}
