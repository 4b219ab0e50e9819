import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ConvexHttpClient } from "convex/browser";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { api, Cleanup, eventually, watch } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ISSUER = "https://slipway.local";
const auth = api["auth"]!;
type WhoAmI = {
  subject: string;
  tokenIdentifier: string;
  name?: string;
} | null;

let keys: { privateKey: CryptoKey; publicKey: CryptoKey };
let strangers: { privateKey: CryptoKey; publicKey: CryptoKey };
let jwks: string;

beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  strangers = await generateKeyPair("ES256");
  const jwk = {
    ...(await exportJWK(keys.publicKey)),
    kid: "k1",
    alg: "ES256",
    use: "sig",
  };
  jwks = JSON.stringify({ keys: [jwk] });
});

type Claims = {
  sub?: string;
  iss?: string;
  aud?: string;
  seconds?: number;
  key?: CryptoKey;
  /** Milliseconds since the epoch. */
  now?: number;
};

function token({
  sub = "ada",
  iss = ISSUER,
  aud = "slipway",
  seconds = 3600,
  key,
  now: ms = Date.now(),
}: Claims = {}) {
  const now = Math.floor(ms / 1000);
  return new SignJWT({ name: "Ada" })
    .setProtectedHeader({ alg: "ES256", kid: "k1", typ: "JWT" })
    .setSubject(sub)
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(now + Math.min(0, seconds - 1))
    .setExpirationTime(now + seconds)
    .sign(key ?? keys.privateKey);
}

function kitchen(env: Record<string, string> = {}, clock?: VirtualClock) {
  const dataUri = `data:application/json;base64,${Buffer.from(jwks).toString("base64")}`;
  return cleanup.backend("kitchen", {
    ...(clock ? { clock } : {}),
    env: { AUTH_ISSUER: ISSUER, AUTH_JWKS: dataUri, OIDC_DOMAIN: "", ...env },
  });
}

function httpAs(url: string, bearer: string) {
  const http = new ConvexHttpClient(url, { logger: false });
  http.setAuth(bearer);
  return http;
}

describe("a token", () => {
  test("of the configured issuer is somebody, over the socket and over HTTP", async () => {
    const backend = await kitchen();
    const client = cleanup.client(backend.url);
    const states: boolean[] = [];
    client.setAuth(
      () => token(),
      (state) => states.push(state),
    );
    const who = watch<WhoAmI>(client, auth["whoAmI"]!);
    const seen = await who.until((value) => value !== null);
    expect(seen).toMatchObject({
      subject: "ada",
      name: "Ada",
      tokenIdentifier: `${ISSUER}|ada`,
    });
    expect(states).toContain(true);
    const http = httpAs(backend.url, await token());
    expect(await http.query(auth["whoAmI"]!, {})).toMatchObject({
      subject: "ada",
    });
  });

  test.each<[string, Claims, string]>([
    ["that has expired", { seconds: -60 }, "expired"],
    ["for another audience", { aud: "elsewhere" }, "audience"],
    ["of another issuer", { iss: "https://elsewhere.example" }, "issuer"],
  ])("%s is refused", async (_name, claims, word) => {
    const backend = await kitchen();
    const http = httpAs(backend.url, await token(claims));
    await expect(http.query(auth["whoAmI"]!, {})).rejects.toThrow(word);

    const client = cleanup.client(backend.url);
    const states: boolean[] = [];
    client.setAuth(
      () => token(claims),
      (state) => states.push(state),
    );
    await eventually(
      () => states,
      (all) => all.includes(false),
    );
    // Refused is not signed in as nobody in particular: it is signed out.
    const who = watch<WhoAmI>(client, auth["whoAmI"]!);
    await eventually(
      () => who.values,
      (values) => values.length > 0,
    );
    expect(who.values).toEqual([null]);
    expect(states).not.toContain(true);
  });

  test("signed by somebody else is refused", async () => {
    const backend = await kitchen();
    const forged = await token({ key: strangers.privateKey });
    const http = httpAs(backend.url, forged);
    await expect(http.query(auth["whoAmI"]!, {})).rejects.toThrow("signature");
  });

  test("may be checked against keys by URL, and by OIDC discovery", async () => {
    const issuer = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request): Response => {
        const { pathname, origin } = new URL(request.url);
        return pathname === "/.well-known/openid-configuration"
          ? Response.json({ issuer: origin, jwks_uri: `${origin}/jwks.json` })
          : new Response(jwks, {
              headers: { "content-type": "application/json" },
            });
      },
    });
    cleanup.add(() => issuer.stop(true));
    const domain = issuer.url.origin;
    const backend = await kitchen({
      AUTH_JWKS: `${domain}/jwks.json`,
      OIDC_DOMAIN: domain,
    });
    const byUrl = httpAs(backend.url, await token());
    expect(await byUrl.query(auth["whoAmI"]!, {})).toMatchObject({
      issuer: ISSUER,
    });
    const byDiscovery = httpAs(
      backend.url,
      await token({ iss: domain, aud: "convex" }),
    );
    expect(await byDiscovery.query(auth["whoAmI"]!, {})).toMatchObject({
      issuer: domain,
    });
  });
});

describe("a session", () => {
  test("whose token runs out gets a new one and goes on, mutations included", async () => {
    const clock = new VirtualClock(Date.now());
    const backend = await kitchen({}, clock);
    const client = cleanup.client(backend.url);
    let fetched = 0;
    client.setAuth(
      () => {
        fetched += 1;
        return token({ now: clock.now() });
      },
      () => {},
    );
    const mine = watch<string[] | null>(client, auth["mine"]!);
    await mine.until((value) => value !== null);
    await client.mutation(auth["write"]!, { text: "before" });
    // The client fetches once more as soon as its first token is confirmed.
    await eventually(
      () => fetched,
      (count) => count === 2,
    );

    await clock.advance(2 * 3600 * 1000);
    await client.mutation(auth["write"]!, { text: "after" });
    const texts = await mine.until((value) => value?.length === 2);
    expect(texts).toEqual(["before", "after"]);
    expect(fetched).toBe(3);
  });

  test("shows each user their own, and follows a change of user", async () => {
    const backend = await kitchen();
    const ada = cleanup.client(backend.url);
    // Without it the client fetches a second token, and signs in again with it
    // if it signs out at that moment.
    const bob = cleanup.client(backend.url, { initialAuthTokenReuse: true });
    ada.setAuth(
      () => token({ sub: "ada" }),
      () => {},
    );
    bob.setAuth(
      () => token({ sub: "bob" }),
      () => {},
    );
    const ofAda = watch<string[] | null>(ada, auth["mine"]!);
    const ofBob = watch<string[] | null>(bob, auth["mine"]!);
    await ofAda.until((value) => value !== null);
    await ofBob.until((value) => value !== null);
    await ada.mutation(auth["write"]!, { text: "ada's" });
    await bob.mutation(auth["write"]!, { text: "bob's" });
    expect(await ofAda.until((value) => value?.length === 1)).toEqual([
      "ada's",
    ]);
    expect(await ofBob.until((value) => value?.length === 1)).toEqual([
      "bob's",
    ]);

    bob.setAuth(
      () => token({ sub: "ada" }),
      () => {},
    );
    await ofBob.until((value) => value?.[0] === "ada's");
    bob.client.clearAuth();
    await eventually(
      () => ofBob.values.at(-1),
      (value) => value === null,
    );
  });

  test("nobody may write, and a scheduled function is nobody", async () => {
    const backend = await kitchen();
    const client = cleanup.client(backend.url);
    const anonymous = client.mutation(auth["write"]!, { text: "x" });
    await expect(anonymous).rejects.toThrow("Sign in to write.");
    client.setAuth(
      () => token(),
      () => {},
    );
    const who = watch<WhoAmI>(client, auth["whoAmI"]!);
    await who.until((value) => value !== null);
    await client.mutation(auth["noteLater"]!, { name: "later" });
    const runs = () =>
      backend.transaction(async (ctx) =>
        (await ctx.db.query("runs").collect()).map(
          (run) => run["who"] as string | null,
        ),
      );
    expect(await eventually(runs, (all) => all.length > 0)).toEqual([null]);
  });
});

test("the admin key opens internal functions, and nothing else does", async () => {
  const backend = await cleanup.backend("kitchen", {
    adminKey: "embedded|secret",
    env: { AUTH_JWKS: "", OIDC_DOMAIN: "" },
  });
  type WithAdmin = { setAdminAuth(key: string, as?: object): void };
  const http = new ConvexHttpClient(backend.url, { logger: false });
  (http as unknown as WithAdmin).setAdminAuth("embedded|wrong");
  await expect(http.query(auth["whoAmI"]!, {})).rejects.toThrow("admin key");
  (http as unknown as WithAdmin).setAdminAuth("embedded|secret", {
    subject: "root",
    issuer: "test",
  });
  await http.mutation(auth["note"]!, { name: "by admin" });
  expect(await http.query(auth["whoAmI"]!, {})).toMatchObject({
    subject: "root",
  });
});
