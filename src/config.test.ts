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
