import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Person } from "./chat-harness";
import {
  contract,
  startApi,
  type Api,
  type CallOptions,
  type Document,
} from "./http-api-harness";

/** An answer that failed or was stopped, run again by a program. */

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

const RETRY = "/messages/{messageId}/retry";
const DONE = { kind: "end", reason: "complete" } as const;

async function retry(
  { token }: Person,
  messageId: string,
  options: CallOptions = {},
): Promise<{ status: number; body: unknown }> {
  const params = { messageId };
  const answer = await api.call("POST", RETRY, { token, params, ...options });
  expect(await check("POST", RETRY, answer)).toEqual([]);
  return { status: answer.status, body: await answer.json() };
}

test("an answer that failed is run again in its place, once for a key", async () => {
  const ada = await api.person("ada");
  api.chat.daemon.answers = [
    { status: 400, body: { code: "bad_request", message: "no" } },
  ];
  await ada.send("refused");
  const { messageId } = await ada.answered("failed");

  const taken = { status: 202, body: { messageId } };
  expect(await retry(ada, messageId, { key: "k" })).toEqual(taken);
  await ada.answered("running");
  const turn = await api.chat.daemon.turn("refused");
  expect(await retry(ada, messageId)).toEqual(taken); // it runs already
  await turn.tell({ kind: "text", delta: "now" }, DONE);
  expect((await ada.answered("done")).messageId).toBe(messageId);

  expect(await retry(ada, messageId)).toMatchObject({
    ...{ status: 400, body: { code: "bad_request" } },
  });
  expect(await retry(ada, messageId, { key: "k" })).toEqual(taken);
  expect((await ada.answer()).state).toBe("done");
});

test("another's answer is not there", async () => {
  const bea = await api.person("bea");
  const cid = await api.person("cid");
  await bea.send("mine");
  const { messageId } = await bea.answered("running");
  expect((await retry(cid, messageId)).status).toBe(404);
});
