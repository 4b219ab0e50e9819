import { expect, test } from "bun:test";
import { clerkHost } from "./clerk-key";
import { contentSecurityPolicy } from "./security";

test("a page may talk to its own Convex deployment and nothing else", () => {
  const policy = contentSecurityPolicy("abc", {
    CONVEX_URL: "https://happy-otter-123.convex.cloud",
  });
  expect(policy).toContain(
    "connect-src 'self' https://happy-otter-123.convex.cloud wss://happy-otter-123.convex.cloud;",
  );
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("img-src 'self' data:;");
  expect(policy).toContain("'nonce-abc'");
  expect(policy).not.toContain("unsafe-eval");
});

test("an embedded backend is reached over plain http and ws", () => {
  expect(
    contentSecurityPolicy("n", { CONVEX_URL: "http://127.0.0.1:41000" }),
  ).toContain("http://127.0.0.1:41000 ws://127.0.0.1:41000");
});

test("a relay is reached by WebSocket only, and only where there is one", () => {
  const policy = (address?: string) =>
    contentSecurityPolicy("n", { SLIPWAY_RELAY_URL: address });
  expect(policy("https://relay.example.net/")).toContain(
    "connect-src 'self' wss://relay.example.net;",
  );
  expect(policy("http://localhost:3100")).toContain("ws://localhost:3100;");
  for (const none of [undefined, "", "relay; script-src *", "file:///x"]) {
    expect(policy(none)).toContain("connect-src 'self';");
  }
});

test("a Clerk key opens Clerk's own origin; a made-up one opens nothing", () => {
  const key = `pk_test_${btoa("kind-cat-1.clerk.accounts.dev$")}`;
  expect(clerkHost(key)).toBe("kind-cat-1.clerk.accounts.dev");
  expect(clerkHost("pk_test_")).toBeNull();
  expect(clerkHost(`pk_test_${btoa("a b; script-src *$")}`)).toBeNull();
  expect(clerkHost(undefined)).toBeNull();
});
