import { afterEach, beforeEach, expect, test } from "bun:test";
import { startChat, type Chat, type Person } from "./chat-harness";

/** Credentials that are none, counted by the address they come from. */

const SECRET = "a-secret-of-the-relay-for-tests-only";
/** What an address may show at once; it gains one each two seconds. */
const CAPACITY = 60;

let chat: Chat;
let ada: Person;
beforeEach(async () => {
  chat = await startChat({ env: { RELAY_SECRET: SECRET } });
  ada = await chat.person("ada");
});
afterEach(async () => {
  await chat.close();
});

const ask = (path: string, token: string, method = "POST") =>
  fetch(chat.backend.siteUrl + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(method === "POST" && { body: JSON.stringify({ open: [] }) }),
  });

const models = (token: string) => ask("/gateway/v1/models", token, "GET");

/** What is written while something is asked: of a few tries the least, for a cron may fall into one. */
async function writesOf(asked: () => Promise<void>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5 && least > 0; i++) {
    await chat.backend.settle();
    const { ts } = chat.backend.stats();
    await asked();
    least = Math.min(least, chat.backend.stats().ts - ts);
  }
  return least;
}

test("a right one costs no write", async () => {
  const writes = await writesOf(async () => {
    expect((await models(ada.gatewayToken)).status).toBe(200);
  });
  expect(writes).toBe(0);
});

test("too many wrong ones are told to wait, on every route; right ones go through", async () => {
  const guesses = ["/sandbox/events", "/relay/redeem", "/relay/check"];
  const statuses: number[] = [];
  for (let i = 0; i < CAPACITY; i++) {
    const path = guesses[i % 3] ?? "";
    statuses.push((await ask(path, `guess-${i}`)).status);
  }
  expect(new Set(statuses)).toEqual(new Set([401]));
  // It may have gained a few meanwhile.
  let refused = await models("guess");
  for (let i = 0; refused.status === 403 && i < CAPACITY; i++) {
    refused = await models("guess");
  }
  expect(refused.status).toBe(429);
  expect(refused.headers.get("content-type")).toBe("application/problem+json");
  const wait = Number(refused.headers.get("retry-after"));
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(2);
  expect(await refused.json()).toMatchObject({
    type: "urn:slipway:problem:rate_limited",
    status: 429,
    code: "rate_limited",
    retryable: true,
    error: { code: "rate_limited" },
  });

  const writes = await writesOf(async () => {
    expect((await models(ada.gatewayToken)).status).toBe(200);
    expect((await ask("/relay/check", SECRET)).status).toBe(200);
  });
  expect(writes).toBe(0);
});

test("what is refused for another reason counts as no wrong one", async () => {
  // Its own sandbox's token, while nobody asked its agent for anything.
  for (let i = 0; i < 2 * CAPACITY; i++) {
    const idle = await ask("/gateway/v1/chat/completions", ada.gatewayToken);
    expect(idle.status).toBe(403);
    expect(await idle.json()).toMatchObject({ error: { code: "no_turn" } });
  }
  expect((await models("guess")).status).toBe(403);
});
