import { beforeEach, expect, test } from "bun:test";
import {
  MAX_PUSH_BYTES,
  MAX_REQUESTS,
  TURN_CHARS,
} from "../../convex/model/chat/limits";
import { until, type Turn } from "./chat-daemon";
import { errorsOf, wordsOf } from "./chat-harness";
import { ada, chat, chatInTests } from "./chat-tests";

/** What a hostile or broken sandbox may send, and what becomes of it. */

let turn: Turn;
let count = 0;

chatInTests();
beforeEach(async () => {
  count += 1;
  await ada.send(`talk ${count}`);
  turn = await chat.daemon.turn(`talk ${count}`);
  await ada.answered("running");
});

const text = (n: number, delta: string) => ({ n, at: 1, kind: "text", delta });
const end = (n: number, reason = "complete") => ({
  n,
  at: 1,
  kind: "end",
  reason,
});

test("duplicates and overlaps are taken once", async () => {
  const batch = [text(0, "a"), text(1, "b")];
  expect(await turn.push(0, batch)).toEqual({ status: 200, body: { next: 2 } });
  expect(await turn.push(0, batch)).toEqual({ status: 200, body: { next: 2 } });
  expect(await turn.push(1, [text(1, "b"), text(2, "c")])).toEqual({
    status: 200,
    body: { next: 3 },
  });
  expect(wordsOf(await ada.answer())).toBe("abc");
});

test("the same batch twenty times at once is taken once", async () => {
  const batch = [text(0, "once")];
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => turn.push(0, batch)),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(wordsOf(await ada.answer())).toBe("once");
});

test("a gap is answered with where to go on", async () => {
  await turn.push(0, [text(0, "a")]);
  expect(await turn.push(3, [text(3, "d")])).toEqual({
    status: 409,
    body: { next: 1 },
  });
  await turn.push(1, [text(1, "b"), text(2, "c"), text(3, "d")]);
  expect(wordsOf(await ada.answer())).toBe("abcd");
});

test("after the end: 410, and the answer stays as it is", async () => {
  await turn.push(0, [text(0, "all"), end(1)]);
  await ada.answered("done");
  expect((await turn.push(2, [text(2, "more")])).status).toBe(410);
  expect((await turn.push(0, [text(0, "all"), end(1)])).status).toBe(410);
  expect(wordsOf(await ada.answer())).toBe("all");
});

test("another generation: 410", async () => {
  await chat.tx((ctx) => ctx.db.patch(ada.slotId, { generation: 2 }));
  expect((await turn.push(0, [text(0, "ghost")])).status).toBe(410);
});

test("an unknown turn: 410; a wrong or absent token: 401, nothing taken", async () => {
  const { url, token } = turn.request.push;
  const post = (headers: Record<string, string>, body: string) =>
    fetch(url, { method: "POST", headers, body });
  const events = [text(0, "forged")];
  const body = (turnId: string) => JSON.stringify({ turnId, from: 0, events });
  const bearer = { authorization: `Bearer ${token}` };
  expect((await post(bearer, body("nope"))).status).toBe(410);
  // An id of another table is as unknown.
  expect((await post(bearer, body(ada.slotId))).status).toBe(410);
  expect((await turn.push(0, events, "wrong")).status).toBe(401);
  expect((await post({}, body(turn.request.turnId))).status).toBe(401);
  expect(wordsOf(await ada.answer())).toBe("");
});

test("a stranger is refused before a byte of what it sends is read", async () => {
  const { url } = turn.request.push;
  const push = (token: string) => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent < 100) controller.enqueue(new Uint8Array(64 * 1024));
        // And then nothing, for ever: whoever reads to the end waits.
      },
    });
    const headers = { authorization: `Bearer ${token}` };
    return fetch(url, { method: "POST", headers, body });
  };
  const id = turn.request.turnId;
  for (const token of ["wrong", `${id}.wrong`, `${ada.slotId}.x`, "nope.x"]) {
    expect((await push(token)).status).toBe(401);
  }
  const { token } = turn.request.push;
  await turn.tell({ kind: "end", reason: "complete" });
  await ada.answered("done");
  expect((await push(token)).status).toBe(410);
}, 5_000);

test("so many that are slow to arrive at once, and no more; whole ones go on", async () => {
  const { push, turnId } = turn.request;
  const headers = { authorization: `Bearer ${push.token}` };
  const whole = JSON.stringify({ turnId, from: 0, events: [text(0, "a")] });
  const slow = () => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode(whole.slice(0, 9)));
    const answer = fetch(push.url, { method: "POST", headers, body: readable });
    const finish = async () => {
      await writer.write(new TextEncoder().encode(whole.slice(9)));
      await writer.close();
      return (await answer).status;
    };
    return { answer, finish };
  };
  const places = () =>
    chat.tx((ctx) =>
      ctx.db
        .query("modelRequests")
        .withIndex("by_slot", (q) => q.eq("slotId", ada.slotId))
        .take(100),
    );
  const held = Array.from({ length: MAX_REQUESTS }, slow);
  await until(async () => (await places()).length === MAX_REQUESTS);
  const refused = await slow().answer;
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect((await turn.push(0, [text(0, "a")])).status).toBe(200);
  const statuses = await Promise.all(held.map(({ finish }) => finish()));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await places()).toEqual([]);
  expect(wordsOf(await ada.answer())).toBe("a");
}, 10_000);

test("the token of one turn is no good for another", async () => {
  const eve = await chat.person("eve");
  await eve.send(`other ${count}`);
  const other = await chat.daemon.turn(`other ${count}`);
  const stolen = other.request.push.token;
  expect((await turn.push(0, [text(0, "x")], stolen)).status).toBe(401);
});

test("what is no batch is refused without harm", async () => {
  const { url, token } = turn.request.push;
  const { turnId } = turn.request;
  const post = (body: string) =>
    fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body,
    });
  const bad = [
    "",
    "{",
    "[]",
    "null",
    JSON.stringify({ turnId, from: 0 }),
    JSON.stringify({ turnId, from: -1, events: [] }),
    JSON.stringify({ turnId, from: 0, events: [text(5, "x")] }),
    JSON.stringify({ turnId, from: 0.5, events: [] }),
    JSON.stringify({ turnId: { $ne: 1 }, from: 0, events: [] }),
  ];
  for (const body of bad) expect((await post(body)).status).toBe(400);
  expect((await post("x".repeat(MAX_PUSH_BYTES + 1))).status).toBe(413);
  expect(await turn.push(0, [text(0, "fine")])).toMatchObject({ status: 200 });
});

test("an event that is larger than a batch may be comes through alone", async () => {
  const MAX_BATCH_BYTES = 1024 * 1024; // as in sandboxd/push.ts
  const events = [text(0, "long ".repeat(MAX_BATCH_BYTES / 4)), end(1)];
  expect((await turn.push(0, events)).status).toBe(200);
  expect(wordsOf(await ada.answered("done"))).toStartWith("long long");
});

test("an unreadable event does not stall those after it", async () => {
  const odd = [
    { n: 0, at: 1, kind: "text", delta: { $evil: true } },
    { n: 1, kind: "holiday" },
    { n: 2, at: 1, kind: "tool", callId: "c", name: "t", status: "asleep" },
    text(3, "on we go"),
  ];
  expect(await turn.push(0, odd)).toEqual({ status: 200, body: { next: 4 } });
  expect(wordsOf(await ada.answer())).toBe("on we go");
});

test("arguments of any shape are kept as text", async () => {
  await turn.push(0, [
    {
      n: 0,
      at: 1,
      kind: "tool",
      callId: "c",
      name: "terminal",
      status: "running",
      args: { $where: 1, ключ: ["\ud800"], __proto__: null },
    },
  ]);
  const [part] = (await ada.answer()).parts;
  expect(part?.body).toMatchObject({ kind: "tool", status: "running" });
  const { args = "" } = part?.body as { args?: string };
  expect(args).toContain("$where");
  expect(args.isWellFormed()).toBe(true);
});

test("a flood is bounded, and its end still counts", async () => {
  let n = 0;
  for (let batch = 0; batch < 12; batch += 1) {
    const events = Array.from({ length: 1_000 }, (_, i) =>
      i % 2
        ? text(n + i, "flood ".repeat(40))
        : {
            n: n + i,
            at: 1,
            kind: "tool",
            callId: `${n + i}`,
            name: "x".repeat(500),
            status: "running",
            result: "y".repeat(2_000),
          },
    );
    expect((await turn.push(n, events)).status).toBe(200);
    n += events.length;
  }
  expect((await turn.push(n, [end(n)])).status).toBe(200);
  const answer = await ada.answered("done");
  expect(JSON.stringify(answer).length).toBeLessThan(2 * TURN_CHARS);
  expect(wordsOf(answer)).toContain("left out");
  // No call is shown as running once the turn has ended.
  const running = answer.parts.filter(
    ({ body }) => body.kind === "tool" && body.status === "running",
  );
  expect(running).toEqual([]);
});

test("a failure without a word is explained all the same", async () => {
  await turn.push(0, [end(0, "failed")]);
  expect(errorsOf(await ada.answered("failed"))).toEqual(["agent_lost"]);
});

test("the agent's own reason is what people read, once", async () => {
  await turn.push(0, [
    {
      n: 0,
      at: 1,
      kind: "error",
      code: "model_credit",
      message: "<b>pay</b>".repeat(500),
    },
    end(1, "failed"),
  ]);
  const failed = await ada.answered("failed");
  expect(errorsOf(failed)).toEqual(["model_credit"]);
});

test("a push that overtakes the answer to its own POST is taken", async () => {
  const session = await ada.newSession();
  chat.daemon.answers = ["lose-answer", "lose-answer", "lose-answer"];
  await ada.send(`fast ${count}`, session);
  const fast = await chat.daemon.turn(`fast ${count}`);
  await until(async () => {
    const { status } = await fast.push(0, [text(0, "quick"), end(1)]);
    return status === 200 || status === 410;
  });
  expect(wordsOf(await ada.answered("done", session))).toBe("quick");
});
