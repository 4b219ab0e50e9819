import { expect, test } from "bun:test";
import { EgressPolicy } from "./policy";

const policy = new EgressPolicy(
  {
    "slipway.internal": "http://127.0.0.1:3210",
    "models.example": "https://api.example:8443",
  },
  ["localhost", "Public.Example"],
);

test("a mapped name leads to its origin, on the scheme's own port only", async () => {
  expect(
    await policy.decide({ kind: "http", name: "Slipway.Internal", port: 80 }),
  ).toEqual({
    allowed: true,
    upstream: { host: "127.0.0.1", port: 3210, tls: null },
  });
  const other = { kind: "http", name: "slipway.internal", port: 3210 } as const;
  expect(await policy.decide(other)).toMatchObject({ allowed: false });
});

test("a tunnel is for https origins only", async () => {
  const tunnel = (name: string) =>
    policy.decide({ kind: "tunnel", name, port: 443 });
  expect(await tunnel("slipway.internal")).toMatchObject({ allowed: false });
  expect(await tunnel("models.example")).toEqual({
    allowed: true,
    upstream: { host: "api.example", port: 8443, tls: null },
  });
});

test("plain HTTP to an https origin is carried over TLS", async () => {
  expect(
    await policy.decide({ kind: "http", name: "models.example", port: 80 }),
  ).toEqual({
    allowed: true,
    upstream: { host: "api.example", port: 8443, tls: "api.example" },
  });
});

test("an allowed host whose name leads to this machine is refused", async () => {
  const decision = await policy.decide({
    kind: "http",
    name: "localhost",
    port: 80,
  });
  expect(decision).toMatchObject({ allowed: false });
  expect(JSON.stringify(decision)).toMatch(/leads to/);
});

test("a name nobody listed is refused, and told which are", async () => {
  const decision = await policy.decide({
    kind: "http",
    name: "evil.example",
    port: 80,
  });
  expect(decision).toEqual({
    allowed: false,
    why: "Sandboxes may not reach evil.example:80. Names allowed here: slipway.internal, models.example, localhost, public.example.",
  });
});

test("an origin that is none, or an address for a name, is refused at once", () => {
  expect(() => new EgressPolicy({ a: "ftp://x" })).toThrow("http(s) origin");
  expect(() => new EgressPolicy({ "10.0.0.1": "http://x" })).toThrow("a name");
});
