import { afterAll, beforeAll, expect, test } from "bun:test";
import { api as functions, internal } from "../../convex/_generated/api";
import type { Scope } from "../../convex/model/scopes";
import { sha256Hex } from "../../convex/model/seal";
import type { Person } from "./chat-harness";
import { RELAY, startApi, type Api } from "./http-api-harness";

/** Ways into a sandbox for programs: made with a personal token, good once. */

let api: Api;
let ada: Person;
beforeAll(async () => {
  api = await startApi();
  ada = await api.person("ada");
});
afterAll(async () => {
  await api?.close();
});

const tokenWith = (scopes: Scope[]) =>
  ada.client.action(functions.tokens.create, { name: "A script", scopes });

type Answer = { ticket: string; url: string; expiresAt: number; code: string };

async function make(
  token: string,
  body: object,
  more: { slotId?: string; key?: string } = {},
) {
  const { slotId = ada.slotId, key } = more;
  const response = await api.call("POST", "/sandboxes/{slotId}/tickets", {
    ...{ token, body, key, params: { slotId } },
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

const redeem = async (ticket: string, kind: string) =>
  (await api.chat.backend.run(internal.tickets.redeem, {
    ...{ hash: await sha256Hex(ticket), kind },
  })) as { ok: boolean; claim?: object; error?: { code: string } };

test("each kind says where it is good, and a terminal's address has no ticket in it", async () => {
  const { token } = await tokenWith(["control"]);
  const terminal = await make(token, { kind: "terminal" });
  expect(terminal.status).toBe(200);
  expect(terminal.body.url).toBe("wss://relay.example.net/terminal");
  const file = await make(token, { kind: "file", path: "a/b.txt" });
  expect(file.body.url).toBe(
    `${RELAY}/files?slipway-ticket=${file.body.ticket}`,
  );
  const port = await make(token, { kind: "port", port: 3000 });
  expect(port.body.url).toMatch(
    /^https:\/\/p-[0-9a-f]{32}\.relay\.example\.net\/\?slipway-ticket=/,
  );
  const left = file.body.expiresAt - Date.now();
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_000);
});

test("it is good once, for what it was made for, in the token's name", async () => {
  const { token, tokenId } = await tokenWith(["control"]);
  const { body } = await make(token, { kind: "terminal" });
  const first = await redeem(body.ticket, "terminal");
  expect(first).toMatchObject({
    ...{ ok: true, claim: { userId: ada.userId, slotId: ada.slotId, tokenId } },
  });
  expect(await redeem(body.ticket, "terminal")).toMatchObject({
    ...{ ok: false, error: { code: "ticket_invalid" } },
  });
  const other = await make(token, { kind: "port", port: 3000 });
  expect(await redeem(other.body.ticket, "terminal")).toMatchObject({
    ok: false,
  });
  expect(await redeem(other.body.ticket, "port")).toMatchObject({ ok: false });
});

test("one that is too old opens nothing, nor one whose token was revoked", async () => {
  const { token, tokenId } = await tokenWith(["control"]);
  const old = await make(token, { kind: "terminal" });
  await api.chat.tx(async (ctx) => {
    const hash = await sha256Hex(old.body.ticket);
    const row = await ctx.db
      .query("tickets")
      .withIndex("by_hash", (q) => q.eq("hash", hash))
      .unique();
    if (!row) throw new Error("The ticket was not stored.");
    expect(JSON.stringify(row)).not.toContain(old.body.ticket);
    await ctx.db.patch("tickets", row._id, { expiresAt: Date.now() });
  });
  expect(await redeem(old.body.ticket, "terminal")).toMatchObject({
    ...{ ok: false, error: { code: "ticket_invalid" } },
  });
  const { body } = await make(token, { kind: "terminal" });
  await ada.client.mutation(functions.tokens.revoke, { tokenId });
  expect(await redeem(body.ticket, "terminal")).toMatchObject({ ok: false });
  expect((await make(token, { kind: "terminal" })).status).toBe(401);
});

test("a token may keep a sandbox with either scope, and open it with one only", async () => {
  const eve = await api.person("eve");
  for (const [scope, keeps, opens] of [
    ["read", 403, 403],
    ["launch", 202, 403],
    ["control", 202, 200],
  ] as const) {
    const { token } = await tokenWith([scope]);
    const params = { slotId: ada.slotId };
    const kept = await api.call("POST", "/sandboxes/{slotId}/keep", {
      ...{ token, params },
    });
    const opened = await make(token, { kind: "terminal" });
    expect([scope, kept.status, opened.status]).toEqual([scope, keeps, opens]);
  }
  const { token } = await tokenWith(["launch", "control"]);
  const theirs = await make(token, { kind: "terminal" }, eve);
  expect(theirs).toMatchObject({ status: 404, body: { code: "not_found" } });
});

test.each([
  [{ kind: "shell" }, 400, "bad_request"],
  [{ kind: "port", port: 4500 }, 422, "port_reserved"],
  [{ kind: "port", port: 0.5 }, 400, "bad_request"],
  [{ kind: "file", path: "../other" }, 400, "bad_request"],
])("%p is refused", async (body, status, code) => {
  expect(await make(ada.token, body)).toMatchObject({ status, body: { code } });
});

test("a key to repeat it by is refused: the answer would have to be kept", async () => {
  const again = await make(ada.token, { kind: "terminal" }, { key: "k" });
  expect(again).toMatchObject({ status: 400, body: { code: "bad_request" } });
});

test("what a person does with it counts, and what does not run cannot be kept", async () => {
  const fay = await api.person("fay");
  const { token } = fay;
  const params = { slotId: fay.slotId };
  const keep = () =>
    api.call("POST", "/sandboxes/{slotId}/keep", { token, params });
  await keep();
  const activity = await api.chat.tx((ctx) =>
    ctx.db
      .query("activity")
      .withIndex("by_slot", (q) => q.eq("slotId", fay.slotId))
      .unique(),
  );
  expect(Date.now() - (activity?.actedAt ?? 0)).toBeLessThan(10_000);
  await api.chat.tx((ctx) =>
    ctx.db.patch("slots", fay.slotId, {
      state: { status: "stopped", since: Date.now(), by: "user" },
    }),
  );
  expect((await keep()).status).toBe(409);
  expect((await make(token, { kind: "terminal" }, fay)).status).toBe(409);
});
