import { afterAll, beforeAll, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { api as functions, internal } from "../../convex/_generated/api";
import type { Id } from "../../convex/_generated/dataModel";
import type { Scope } from "../../convex/model/scopes";
import { sha256Hex } from "../../convex/model/seal";
import { until } from "./chat-daemon";
import type { Person } from "./chat-harness";
import { startApi, type Api } from "./http-api-harness";

let api: Api;
let ada: Person;
beforeAll(async () => {
  api = await startApi();
  ada = await api.person("ada");
});
afterAll(async () => {
  await api?.close();
});

const make = (scopes: Scope[], days?: number, owner = ada) =>
  owner.client.action(functions.tokens.create, {
    ...{ name: " A script ", scopes, days },
  });
const read = (token: string) => api.call("GET", "/launches", { token });

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConvexError);
  return (error as ConvexError<{ code: string }>).data.code;
}

test("a token is 256 random bits, shown once; only its hash is kept", async () => {
  const { token, tokenId } = await make(["control", "read", "read"], 30);
  expect(token).toMatch(/^slp_[\w-]{43}$/);
  const row = await api.chat.tx((ctx) => ctx.db.get("personalTokens", tokenId));
  expect(row).toMatchObject({
    hash: await sha256Hex(token),
    name: "A script",
    prefix: token.slice(0, 8),
    scopes: ["read", "control"],
  });
  expect(JSON.stringify(row)).not.toContain(token.slice(8));
  const listed = await ada.client.query(functions.tokens.list, {});
  const view = listed.find((one) => one.tokenId === tokenId);
  expect(Object.keys(view ?? {}).sort()).toEqual([
    ...["createdAt", "expiresAt", "lastUsedAt", "name", "prefix", "scopes"],
    "tokenId",
  ]);
});

test("a token speaks for its owner and nobody else", async () => {
  const { token } = await make(["read"]);
  const response = await api.call("GET", "/sessions", { token });
  const { sessions } = (await response.json()) as {
    sessions: { sessionId: string }[];
  };
  expect(sessions.map(({ sessionId }) => sessionId)).toEqual([ada.sessionId]);
  const bob = await api.person("bob");
  const theirs = await api.call("GET", "/sessions/{id}", {
    token,
    params: { id: bob.sessionId },
  });
  expect(theirs.status).toBe(404);
});

const stop = (token: string) =>
  api.call("POST", "/sandboxes/{slotId}/stop", {
    token,
    params: { slotId: "nonsense" },
  });
const launch = (token: string) =>
  api.call("POST", "/launches", { token, body: { skill: "no/such/skill" } });

test.each([
  [["read"], [200, 403, 403]],
  [["launch"], [403, 404, 403]],
  [["control"], [403, 403, 404]],
  [
    ["read", "launch", "control"],
    [200, 404, 404],
  ],
] as [Scope[], number[]][])(
  "with %p: reading, launching, controlling answer %p",
  async (scopes, statuses) => {
    const { token } = await make(scopes);
    const asked = await Promise.all([read(token), launch(token), stop(token)]);
    expect(asked.map(({ status }) => status)).toEqual(statuses);
  },
);

test("settings and tokens are out of every token's reach", async () => {
  const { token } = await make(["read", "launch", "control"]);
  const client = new ConvexHttpClient(api.chat.backend.url, { logger: false });
  const asked = [
    client.query(functions.settings.get, { token } as never),
    client.query(functions.tokens.list, { token } as never),
    client.action(functions.tokens.create, {
      ...{ token, name: "another", scopes: ["read"] },
    } as never),
    client.mutation(functions.tokens.revoke, { token, tokenId: "x" } as never),
  ];
  for (const answer of await Promise.allSettled(asked)) {
    expect(answer.status).toBe("rejected");
  }
});

test("a revoked token is worth nothing at once; another's cannot be revoked", async () => {
  const { token, tokenId } = await make(["read"]);
  const eve = await api.person("eve");
  const revoke = (person: Person) =>
    person.client.mutation(functions.tokens.revoke, { tokenId });
  expect(await codeOf(revoke(eve))).toBe("not_found");
  expect((await read(token)).status).toBe(200);
  await revoke(ada);
  expect((await read(token)).status).toBe(401);
  expect(await codeOf(revoke(ada))).toBe("not_found");
});

test("an expiry is a write of the server, on time; mutations also look at the clock", async () => {
  const { token, tokenId } = await make(["read", "control"], 1);
  const [job] = await api.chat.tx((ctx) =>
    ctx.db.system.query("_scheduled_functions").order("desc").take(1),
  );
  expect(job?.name).toMatch(/^tokens(\.js)?:expire$/);
  expect(job?.scheduledTime).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  await api.chat.tx((ctx) =>
    ctx.db.patch("personalTokens", tokenId, { expiresAt: Date.now() - 1 }),
  );
  expect((await stop(token)).status).toBe(401);
  await api.chat.backend.run(internal.tokens.expire, { tokenId });
  expect((await read(token)).status).toBe(401);
});

test("a token that is revoked leaves no job for its expiry", async () => {
  const { tokenId } = await make(["read"], 365);
  await ada.client.mutation(functions.tokens.revoke, { tokenId });
  const [job] = await api.chat.tx((ctx) =>
    ctx.db.system.query("_scheduled_functions").order("desc").take(1),
  );
  expect(job).toMatchObject({
    args: [{ tokenId }],
    state: { kind: "canceled" },
  });
});

test("last use is noted, and written at most once a minute", async () => {
  const { token, tokenId } = await make(["read"]);
  const lastUse = async () => {
    const listed = await ada.client.query(functions.tokens.list, {});
    return listed.find((one) => one.tokenId === tokenId)?.lastUsedAt ?? null;
  };
  expect(await lastUse()).toBeNull();
  await read(token);
  const at = await until(lastUse);
  const touch = () => ada.client.mutation(functions.tokens.touch, { token });
  await touch();
  expect(await lastUse()).toBe(at);
  await api.chat.tx(async (ctx) => {
    const use = await ctx.db
      .query("tokenUses")
      .withIndex("by_token", (q) =>
        q.eq("tokenId", tokenId as Id<"personalTokens">),
      )
      .unique();
    if (!use) throw new Error("No use was noted.");
    await ctx.db.patch("tokenUses", use._id, { at: at - 60_000 });
  });
  await touch();
  expect(await lastUse()).toBeGreaterThanOrEqual(at);
});

test.each([
  [{ name: " ", scopes: ["read"] }, "bad_request"],
  [{ name: "a".repeat(61), scopes: ["read"] }, "bad_request"],
  [{ name: "none", scopes: [] }, "bad_request"],
  [{ name: "half", scopes: ["read"], days: 0.5 }, "bad_request"],
  [{ name: "long", scopes: ["read"], days: 366 }, "bad_request"],
] as [{ name: string; scopes: Scope[]; days?: number }, string][])(
  "%p is refused as %s",
  async (args, code) => {
    expect(await codeOf(ada.client.action(functions.tokens.create, args))).toBe(
      code,
    );
  },
);

test("nobody has more than 25", async () => {
  const dan = await api.person("dan");
  for (let n = 0; n < 25; n++) await make(["read"], undefined, dan);
  expect(await codeOf(make(["read"], undefined, dan))).toBe("too_many_tokens");
  const signedOut = new ConvexHttpClient(api.chat.backend.url, {
    logger: false,
  });
  const creating = signedOut.action(functions.tokens.create, {
    ...{ name: "x", scopes: ["read"] as Scope[] },
  });
  expect(await codeOf(creating)).toBe("not_signed_in");
});

test("the log of a sandbox names the token that a program used", async () => {
  const owner = await api.person("logged");
  const { token } = await make(["control", "read"], undefined, owner);
  const params = { slotId: owner.slotId };
  await api.call("POST", "/sandboxes/{slotId}/stop", { token, params });
  const response = await api.call("GET", "/sandboxes/{slotId}/log", {
    token,
    params,
  });
  const { events } = (await response.json()) as {
    events: { by: object; what: { kind: string } }[];
  };
  expect(events.find(({ what }) => what.kind === "action")).toMatchObject({
    by: { kind: "token", name: "A script" },
    what: { action: "stop" },
  });
  expect(JSON.stringify(events)).not.toContain(token);
});
