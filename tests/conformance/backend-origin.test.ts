import { afterEach, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { api, Cleanup } from "./backend-harness";

/** `ctx.meta.getRequestMetadata()`: where a request came from, however deep it is asked. */

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const kitchen = () =>
  cleanup.backend("kitchen", { env: { AUTH_JWKS: "", OIDC_DOMAIN: "" } });
const origin = api["origin"]!;

type Metadata = {
  ip: string | null;
  userAgent: string | null;
  requestId: string;
  scheduledFunctionId: string | null;
  authToken: string | null;
};

/** What a caller says of itself in headers is believed by nobody. */
const LIES = {
  "x-forwarded-for": "203.0.113.7",
  "x-real-ip": "203.0.113.7",
  forwarded: "for=203.0.113.7",
};
const HERE = { ip: "127.0.0.1", scheduledFunctionId: null, authToken: null };

test("a WebSocket's address, and the same for what the function calls", async () => {
  const { url } = await kitchen();
  const client = cleanup.client(url);
  const asked = (await client.mutation(origin["ask"]!, {})) as Metadata;
  expect(asked).toMatchObject(HERE);
  expect(asked.requestId).not.toBe("");
  expect(await client.mutation(origin["nested"]!, {})).toMatchObject(HERE);
  const [own, called] = (await client.action(
    origin["inAction"]!,
    {},
  )) as Metadata[];
  expect(own).toMatchObject(HERE);
  expect(called).toEqual(own!);
});

test("an HTTP client's, whatever its headers say", async () => {
  const { url } = await kitchen();
  const client = new ConvexHttpClient(url, {
    logger: false,
    fetch: ((input: string, init: RequestInit) =>
      fetch(input, {
        ...init,
        headers: { ...init.headers, ...LIES, "user-agent": "a test" },
      })) as typeof fetch,
  });
  const asked = (await client.mutation(origin["ask"]!, {})) as Metadata;
  expect(asked).toMatchObject({ ...HERE, userAgent: "a test" });
});

test("an HTTP action's, which has no token unless it is an issuer's", async () => {
  const { siteUrl } = await kitchen();
  const headers = {
    ...LIES,
    "user-agent": "a test",
    authorization: "Bearer x",
  };
  const response = await fetch(`${siteUrl}/origin`, { headers });
  const [own, called] = (await response.json()) as Metadata[];
  expect(own).toMatchObject({ ...HERE, userAgent: "a test" });
  expect(called).toEqual(own!);
});

test("nobody's in what is scheduled and in this process", async () => {
  const backend = await kitchen();
  expect(await backend.run("origin:ask")).toMatchObject({
    ip: null,
    userAgent: null,
  });
  await cleanup.client(backend.url).mutation(origin["later"]!, {});
  await backend.settle();
  const runs = await backend.transaction((ctx) =>
    ctx.db.query("runs").collect(),
  );
  const told = runs.map(({ name, who }) => `${name}: ${who}`).sort();
  expect(told).toEqual([
    "action: null null scheduled",
    "mutation: null null scheduled",
  ]);
});
