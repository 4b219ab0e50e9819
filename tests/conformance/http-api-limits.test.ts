import { afterAll, beforeAll, expect, test } from "bun:test";
import { api as functions } from "../../convex/_generated/api";
import { GUESSES } from "../../src/server/door";
import { GET as me } from "../../src/app/api/v1/me/route";
import { GET as stream } from "../../src/app/api/v1/launches/[id]/events/route";
import { OPERATIONS } from "../../src/server/api/operations";
import {
  contract,
  startApi,
  type Api,
  type Document,
} from "./http-api-harness";

/** The limits of an address, on the routes themselves, behind a proxy that tells it. */

let api: Api;
let token: string;
let check: ReturnType<typeof contract>;
beforeAll(async () => {
  api = await startApi();
  const document = await api.call("GET", "/openapi.json");
  check = contract((await document.json()) as Document);
  process.env.SLIPWAY_PROXIES = "1";
  const ada = await api.person("ada");
  const args = { name: "A script", scopes: ["read" as const] };
  token = (await ada.client.action(functions.tokens.create, args)).token;
});
afterAll(async () => {
  delete process.env.SLIPWAY_PROXIES;
  await api?.close();
});

const asking = (from: string, bearer: string) =>
  new Request("http://127.0.0.1:3000/api/v1/me", {
    headers: { authorization: `Bearer ${bearer}`, "x-forwarded-for": from },
  });
const nothing = { params: Promise.resolve({}) };
const ask = (from: string, bearer: string) => me(asking(from, bearer), nothing);

test("an address that tries tokens is told to wait, before anybody looks at them", async () => {
  const from = "203.0.113.7";
  expect((await ask(from, token)).status).toBe(200);
  const tried = Array.from({ length: GUESSES.burst + 5 }, (_, i) =>
    ask(from, `slp_guess-${i}`),
  );
  const statuses = (await Promise.all(tried)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(
    GUESSES.burst,
  );
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);

  const refused = await ask(from, "slp_one-more");
  expect(refused.status).toBe(429);
  expect(await check("GET", "/me", refused)).toEqual([]);
  expect(refused.headers.get("content-type")).toBe("application/problem+json");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({
    type: "urn:slipway:problem:rate_limited",
    code: "rate_limited",
    retryable: true,
  });
  const params = { params: Promise.resolve({ id: "none" }) };
  expect((await stream(asking(from, "slp_stream"), params)).status).toBe(429);

  // Who was let in before still is, from there and from anywhere else.
  expect((await ask(from, token)).status).toBe(200);
  expect((await ask("203.0.113.8", token)).status).toBe(200);
});

test("a token that goes on being wrong is told so, and takes nobody's room", async () => {
  const from = "198.51.100.1";
  for (let i = 0; i < GUESSES.burst + 5; i++) {
    expect((await ask(from, "slp_revoked")).status).toBe(401);
  }
  expect((await ask(from, token)).status).toBe(200);
});

test.each(
  OPERATIONS.flatMap(({ method, path, body }) =>
    body ? [[method, path, body.maxBytes] as const] : [],
  ),
)(
  "a body too long for %s %s is refused as documented",
  async (method, path, maxBytes) => {
    const body = { text: "a".repeat(maxBytes) };
    const params = { id: "none", slotId: "none" };
    const answer = await api.call(method, path, { token, params, body });
    expect(await check(method, path, answer)).toEqual([]);
    expect(await answer.json()).toMatchObject({ code: "message_too_long" });
  },
);
