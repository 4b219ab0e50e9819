import { afterAll, beforeAll, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { api as functions } from "../../convex/_generated/api";
import { toFailure } from "../../convex/model/errors";
import { startApi, type Api } from "./http-api-harness";

/** What a loop could make grow without end: rows, jobs, requests to git hosts. */

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api?.close();
});

/** How many were done, a few at a time, before one was refused. However slow it goes, room comes slower. */
async function roomFor(
  ask: (i: number) => Promise<unknown>,
  { most, atOnce }: { most: number; atOnce: number },
): Promise<number> {
  for (let done = 0; done < most; done += atOnce) {
    const some = Array.from({ length: atOnce }, (_, i) =>
      ask(done + i).then(
        () => "done",
        (error: unknown) => toFailure(error).code,
      ),
    );
    const came = await Promise.all(some);
    const refused = came.filter((code) => code === "rate_limited").length;
    if (refused > 0) return done + atOnce - refused;
  }
  return Infinity;
}

test("tokens that are made and revoked at once: each may leave a job behind", async () => {
  const { client } = await api.person("tokens");
  const args = { name: "A script", scopes: ["read" as const], days: 365 };
  const makeAndRevoke = async () => {
    const { tokenId } = await client.action(functions.tokens.create, args);
    await client.mutation(functions.tokens.revoke, { tokenId });
  };
  const room = await roomFor(makeAndRevoke, { most: 250, atOnce: 1 });
  expect(room).toBeGreaterThanOrEqual(25);
  expect(room).toBeLessThan(250);
});

test("kept answers of what is not limited itself", async () => {
  const { client, sessionId } = await api.person("keys");
  const keyed = (key: string) => ({ route: "x", key, bodyHash: "" });
  const watch = (i: number) =>
    client.mutation(functions.presence.watch, {
      ...{ sessionId, once: keyed(`${i}`) },
    });
  const room = await roomFor(watch, { most: 6_000, atOnce: 40 });
  expect(room).toBeGreaterThanOrEqual(600);
  expect(room).toBeLessThan(6_000);
  // Neither what was kept nor what has no key is refused.
  await watch(0);
  await client.mutation(functions.presence.watch, { sessionId });
});

test("joining is not limited, keyed or not; what is kept of it is", async () => {
  const { client } = await api.person("joins");
  const link = "ada/tools/one";
  const opened = await client.action(functions.skills.open, { link });
  if (opened.kind !== "skill") throw new Error("Not one skill.");
  const { key: skillKey, sha } = opened.skill;
  const launch = (i: number) =>
    client.mutation(functions.launches.request, {
      ...{ skillKey, sha, clientId: `${i}` },
      ...(i % 2 && { once: { route: "y", key: `${i}`, bodyHash: "" } }),
    });
  await launch(0);
  expect(await roomFor(launch, { most: 1_300, atOnce: 40 })).toBe(Infinity);
  const kept = await api.chat.tx(async ({ db }) => {
    const rows = await db.query("idempotency").collect();
    return rows.filter(({ answer }) => answer.includes('"joined":true')).length;
  });
  expect(kept).toBeGreaterThanOrEqual(600);
  expect(kept).toBeLessThan(1_300);
});

test("looks at repositories, of a person and of their token; not what the records know", async () => {
  const { client } = await api.person("looks");
  const args = { name: "A script", scopes: ["read" as const] };
  const { token } = await client.action(functions.tokens.create, args);
  const open = (link: string) => client.action(functions.skills.open, { link });
  const look = (i: number) => open(`ada/none-${i}`);
  const room = await roomFor(look, { most: 6_000, atOnce: 20 });
  expect(room).toBeGreaterThanOrEqual(600);
  expect(room).toBeLessThan(6_000);

  let refused = await resolve(token, "ada/none");
  for (let i = 0; refused.status === 404 && i < 50; i++) {
    refused = await resolve(token, `ada/nothing-${i}`);
  }
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);

  // What somebody looked at a while ago still does.
  const visitor = new ConvexHttpClient(api.chat.backend.url, { logger: false });
  const link = "ada/tools/two";
  await visitor.action(functions.skills.open, { link });
  const age = (ms: number) =>
    api.chat.tx(async ({ db }) => {
      for (const { _id, checkedAt } of await db
        .query("resolutions")
        .collect()) {
        await db.patch("resolutions", _id, { checkedAt: checkedAt - ms });
      }
    });
  await age(5 * 60_000);
  // One more look than there is room for, however slow this goes.
  await roomFor(look, { most: 6_000, atOnce: 20 });
  expect(await open(link)).toMatchObject({ kind: "skill" });
  let came = "done";
  for (let tries = 0; came === "done" && tries < 20; tries++) {
    await age(11 * 60_000); // anew: there may have come room for a look
    await roomFor(look, { most: 6_000, atOnce: 20 });
    came = await open(link).then(
      () => "done",
      (error: unknown) => toFailure(error).code,
    );
  }
  expect(came).toBe("rate_limited");
});

const resolve = (token: string, link: string) =>
  api.call("GET", "/skills/resolve", { token, query: `?link=${link}` });
