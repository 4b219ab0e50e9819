import { afterAll, beforeAll, expect, test } from "bun:test";
import { api as functions } from "../../convex/_generated/api";
import { isKeyed } from "../../src/server/api/operation";
import { OPERATIONS } from "../../src/server/api/operations";
import type { Person } from "./chat-harness";
import { startApi, type Api, type Document } from "./http-api-harness";

/** A DELETE with an Idempotency-Key whose answer was lost, and what has begun since. */

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api?.close();
});

const KEY = "a-lost-answer";

/** Deletes with the key; the answer, and that it was taken. */
async function del(
  { token }: Person,
  path: string,
  params: Record<string, string> = {},
): Promise<unknown> {
  const answer = await api.call("DELETE", path, { token, params, key: KEY });
  expect(answer.ok).toBe(true);
  return await answer.json();
}

/** Its sandbox as after a launch. */
function run({ slotId }: Person): Promise<void> {
  const state = { status: "running", since: Date.now() } as const;
  return api.chat.tx((ctx) => ctx.db.patch("slots", slotId, { state }));
}

async function statusOf({ client, slotId }: Person): Promise<string> {
  const args = { slotId };
  const sandbox = await client.query(functions.sandboxes.getSandbox, args);
  return sandbox?.state.status ?? "none";
}

test("whatever changes something takes a key, but for what answers a secret", async () => {
  const document = (await (
    await api.call("GET", "/openapi.json")
  ).json()) as Document;
  for (const operation of OPERATIONS) {
    const { method, path, secret } = operation;
    const told = JSON.stringify(
      document.paths[`/api/v1${path}`]?.[method.toLowerCase()],
    );
    const keyed = method !== "GET" && !secret;
    expect(isKeyed(operation)).toBe(keyed);
    expect(told.includes('"Idempotency-Key"')).toBe(keyed);
  }
});

test("a sandbox that was launched since is not deleted by the same request", async () => {
  const ada = await api.person("ada");
  const { slotId } = ada;
  const path = "/sandboxes/{slotId}";
  await del(ada, path, { slotId });
  expect(await statusOf(ada)).toBe("deleting");
  await run(ada);
  expect(await del(ada, path, { slotId })).toEqual({ slotId });
  expect(await statusOf(ada)).toBe("running");
});

test("what stop-all stopped since is not forgotten by the same request", async () => {
  const bea = await api.person("bea");
  await del(bea, "/sandboxes/restore");
  await bea.client.mutation(functions.fleet.stopAll, {});
  expect(await del(bea, "/sandboxes/restore")).toEqual({});
  const fleet = await bea.client.query(functions.fleet.get, {});
  expect(fleet?.items).toMatchObject([{ slotId: bea.slotId }]);
});

test("a conversation that is gone is answered as it was when it went", async () => {
  const cid = await api.person("cid");
  const id = cid.sessionId;
  const first = await del(cid, "/sessions/{id}", { id });
  expect(await del(cid, "/sessions/{id}", { id })).toEqual(first);
});

test("a launch is cancelled once; the key is for that launch alone", async () => {
  const dee = await api.person("dee");
  const { token } = dee;
  const body = { skill: "ada/tools/one" };
  const launch = async () => {
    const taken = await api.call("POST", "/launches", { token, body });
    return ((await taken.json()) as { launchId: string }).launchId;
  };
  const id = await launch();
  expect(await del(dee, "/launches/{id}", { id })).toEqual({ launchId: id });
  expect(await del(dee, "/launches/{id}", { id })).toEqual({ launchId: id });
  const other = await api.call("DELETE", "/launches/{id}", {
    ...{ token, key: KEY, params: { id: await launch() } },
  });
  expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
});
