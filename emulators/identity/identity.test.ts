import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { AUDIENCE, createIdentity, ISSUER, type Identity } from ".";

let dir: string;
let identity: Identity;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "slipway-identity-"));
  identity = await createIdentity({ dataDir: dir });
});
afterAll(async () => {
  await identity.close();
  await rm(dir, { recursive: true });
});

const ask = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${identity.url}/token`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

async function verify(token: string, jwks = identity.jwks) {
  const keys = JSON.parse(decodeURIComponent(jwks.split(",", 2)[1] ?? ""));
  return await jwtVerify(token, createLocalJWKSet(keys), {
    issuer: ISSUER,
    audience: AUDIENCE,
  });
}

test("a token says who, for whom and until when, and verifies by the key set", async () => {
  const response = await ask('{"user":"  Ada   Lovelace "}');
  expect(response.status).toBe(200);
  const { token } = (await response.json()) as { token: string };
  const { payload } = await verify(token);
  expect(payload).toMatchObject({ sub: "ada lovelace", name: "Ada Lovelace" });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  expect(decodeProtectedHeader(token)).toMatchObject({
    alg: "ES256",
    typ: "JWT",
    kid: expect.any(String),
  });
});

test("the key is kept for its owner only, and the next start signs with it", async () => {
  expect((await stat(join(dir, "key.json"))).mode & 0o777).toBe(0o600);
  const again = await createIdentity({ dataDir: dir });
  try {
    expect(again.jwks).toBe(identity.jwks);
    await verify(await again.token("ada"));
  } finally {
    await again.close();
  }
});

test("another data folder's key does not verify", async () => {
  const other = await createIdentity();
  try {
    const token = await other.token("ada");
    await expect(verify(token)).rejects.toThrow();
  } finally {
    await other.close();
  }
});

test.each([
  ['{"user":""}', 400],
  ['{"user":7}', 400],
  [`{"user":"${"a".repeat(65)}"}`, 400],
  ['{"user":"a\\u0000b"}', 400],
  ["null", 400],
  ["{", 400],
])("refuses the body %s", async (body, status) => {
  expect((await ask(body)).status).toBe(status);
});

test.each([
  [{ host: "evil.example" }, 403],
  [{ origin: "https://evil.example" }, 403],
  [{ "content-type": "text/plain" }, 415],
] as [Record<string, string>, number][])(
  "refuses a request with %p",
  async (headers, status) => {
    expect((await ask('{"user":"ada"}', headers)).status).toBe(status);
  },
);

test("refuses to serve beyond loopback", async () => {
  await expect(createIdentity({ hostname: "0.0.0.0" })).rejects.toThrow(
    "loopback",
  );
});
