import { expect, test } from "bun:test";
import { readConfiguration } from "./config";

const URL = "http://127.0.0.1:4000";

test("without a backend the operator is told what to set", () => {
  expect(readConfiguration({})).toMatchObject({ ok: false });
  expect(readConfiguration({ CONVEX_URL: "not an address" })).toMatchObject({
    ok: false,
    problem: 'CONVEX_URL is not an address: "not an address".',
  });
});

test("a setting that the HTTP API cannot read is told on the pages too", () => {
  for (const wrong of [
    { SLIPWAY_RELAY_URL: "relay.example.net" },
    { SLIPWAY_PROXIES: "abc" },
  ]) {
    const read = readConfiguration({ CONVEX_URL: URL, ...wrong });
    const [name] = Object.keys(wrong);
    expect(read.ok ? "" : read.problem).toContain(String(name));
  }
});

test("who signs people in: Clerk where it is set, the local issuer only when embedded, else nobody", () => {
  const identity = (env: Record<string, string>) => {
    const read = readConfiguration({ CONVEX_URL: URL, ...env });
    return read.ok ? read.config.identity.kind : null;
  };
  expect(identity({ SLIPWAY_MODE: "embedded" })).toBe("local");
  expect(identity({})).toBe("none");
  expect(
    identity({
      SLIPWAY_MODE: "embedded",
      NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: "pk_test_x",
    }),
  ).toBe("clerk");
});
