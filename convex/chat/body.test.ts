import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { ActionCtx } from "../_generated/server";
import {
  COMPLETION_PATIENCE,
  MAX_COMPLETION_BYTES,
  MAX_PUSH_BYTES,
  PUSH_AT_ONCE,
  PUSH_PATIENCE,
} from "../model/chat/limits";
import { upTo } from "../model/within";
import { readText } from "./body";
import { receivePush } from "./pushed";
import { complete } from "./completions";

/** A sandbox that sends much, or not to the end: what it can make us hold, and for how long. */

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A body of these bytes that never ends; `read` once somebody waits for more. */
function stalled(bytes: number) {
  const told = { cancelled: false };
  const read = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(bytes).fill(120)),
    pull: () => read.resolve(),
    cancel: () => {
      told.cancelled = true;
    },
  });
  const headers = { authorization: "Bearer turn.token" };
  const request = new Request("http://x/", { method: "POST", headers, body });
  return { told, request, read: read.promise };
}

/** Lets everything run that waits for no timer. */
async function settled() {
  for (let i = 0; i < 100; i += 1) await Promise.resolve();
}

/** The answer, once `ms` have passed since the body is waited for, and not before. */
async function after<T>(ms: number, read: Promise<void>, answer: Promise<T>) {
  let answered = false;
  void answer.then(() => (answered = true));
  await read;
  await settled();
  jest.advanceTimersByTime(ms - 1);
  await settled();
  expect(answered).toBe(false);
  jest.advanceTimersByTime(1);
  return answer;
}

/** What the routes ask of the database, before a body is read and after. */
function contextOf(answers: { query?: unknown; mutations?: unknown[] }) {
  const mutations = [...(answers.mutations ?? [])];
  const ctx = {
    runQuery: async () => answers.query,
    runMutation: async () => {
      if (mutations.length === 0) throw new Error("It went on.");
      return mutations.shift();
    },
  };
  // Of a context, all that is called here.
  return { ctx: ctx as unknown as ActionCtx, mutations };
}

const running = () => contextOf({ query: "running" });
const admitted = () =>
  contextOf({
    mutations: [
      {
        ...{ kind: "admitted", requestId: "r", provider: {} },
        turns: [{ turnId: "t", text: "hi" }],
      },
      { kind: "charged" }, // or it could be repeated for ever
      null, // its place is released
    ],
  });

test("a push that stalls is answered in its time, read no further, and leaves its place", async () => {
  const { told, request, read } = stalled(1024);
  const { ctx, mutations } = contextOf({
    query: "running",
    mutations: ["a place", null], // taken, and released
  });
  const pushed = receivePush(ctx, request);
  await read;
  await settled();
  jest.advanceTimersByTime(PUSH_AT_ONCE);
  await settled();
  expect(mutations).toEqual([null]);
  const answer = await after(PUSH_PATIENCE, read, pushed);
  expect(answer.status).toBe(408);
  expect(await answer.json()).toEqual({ code: "too_slow" });
  expect(told.cancelled).toBe(true);
  expect(mutations).toEqual([]);
});

test("a push that is slow while its sandbox has no place left is sent away", async () => {
  const { told, request, read } = stalled(1024);
  const { ctx } = contextOf({ query: "running", mutations: [null] });
  const answer = await after(PUSH_AT_ONCE, read, receivePush(ctx, request));
  expect(answer.status).toBe(429);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(told.cancelled).toBe(true);
});

test("a push that is too large is read no further, whatever length it claimed", async () => {
  const { told, request } = stalled(MAX_PUSH_BYTES + 1);
  const answer = await receivePush(running().ctx, request);
  expect(answer.status).toBe(413);
  expect(told.cancelled).toBe(true);
});

test("a completion that stalls is answered in its time, read no further, and leaves its place", async () => {
  const { told, request, read } = stalled(1024);
  const { ctx, mutations } = admitted();
  const answer = await after(COMPLETION_PATIENCE, read, complete(ctx, request));
  expect(answer.status).toBe(408);
  expect(told.cancelled).toBe(true);
  expect(mutations).toEqual([]);
});

test("a completion that is too large is read no further", async () => {
  const { told, request } = stalled(MAX_COMPLETION_BYTES + 1);
  const { ctx, mutations } = admitted();
  const answer = await complete(ctx, request);
  expect(answer.status).toBe(413);
  expect(told.cancelled).toBe(true);
  expect(mutations).toEqual([]);
});

test("a completion whose upload breaks off leaves its place", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("it hung up")),
  });
  const headers = { authorization: "Bearer turn.token" };
  const request = new Request("http://x/", { method: "POST", headers, body });
  const { ctx, mutations } = admitted();
  await expect(complete(ctx, request)).rejects.toThrow("it hung up");
  expect(mutations).toEqual([]);
});

test("what is given up for another reason is read no further, too", async () => {
  const { told, request } = stalled(1024);
  const failing = () => Promise.reject(new Error("no database"));
  await expect(readText(request, 2048, failing)).rejects.toThrow("no database");
  await settled();
  expect(told.cancelled).toBe(true);
});

test("a sender that is slow in being cancelled, too, holds nobody up", async () => {
  const read = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    pull: () => read.resolve(),
    cancel: () => new Promise(() => {}),
  });
  const request = new Request("http://x/", { method: "POST", body });
  const text = readText(request, 10, upTo(10));
  expect(await after(10, read.promise, text)).toMatchObject({ status: 408 });
});

test("a character may come in two pieces", async () => {
  const bytes = new TextEncoder().encode("löwe");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.subarray(0, 2));
      controller.enqueue(bytes.subarray(2));
      controller.close();
    },
  });
  const request = new Request("http://x/", { method: "POST", body });
  expect(await readText(request, 5, upTo(10))).toBe("löwe");
});
