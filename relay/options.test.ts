import { expect, test } from "bun:test";
import { readOptions } from "./options";

const env = {
  RELAY_SECRET: "s".repeat(43),
  SLIPWAY_APP_ORIGINS: "https://slipway.example.com, http://localhost:3000/",
  SLIPWAY_RELAY_URL: "https://relay.example.net/",
  CONVEX_SITE_URL: "https://happy-otter-123.convex.site/",
};

test("everything it needs is in its environment", () => {
  expect(readOptions(env, ["--port", "0"])).toEqual({
    hostname: "127.0.0.1",
    port: 0,
    publicUrl: "https://relay.example.net",
    appOrigins: ["https://slipway.example.com", "http://localhost:3000"],
    siteUrl: "https://happy-otter-123.convex.site",
    secret: env.RELAY_SECRET,
  });
});

test.each([
  "http://localhost:3100",
  "http://relay.localhost",
  "http://127.0.0.1:3100",
  "http://[::1]:3100",
])("on this machine it may be plain http: %s", (address) => {
  const { publicUrl } = readOptions({ ...env, SLIPWAY_RELAY_URL: address }, []);
  expect(publicUrl).toBe(address);
});

test.each([
  [{ RELAY_SECRET: undefined }, "RELAY_SECRET is not set"],
  [{ RELAY_SECRET: "short" }, "RELAY_SECRET is too short"],
  [{ RELAY_SECRET: "with spaces ".repeat(5) }, "or has spaces"],
  [{ SLIPWAY_APP_ORIGINS: "" }, "SLIPWAY_APP_ORIGINS is not set"],
  [{ SLIPWAY_APP_ORIGINS: "*" }, '"*" is not an address'],
  [{ SLIPWAY_RELAY_URL: "https://x.example/relay" }, "without a path"],
  [{ SLIPWAY_RELAY_URL: "http://relay.example.net" }, "with TLS in front"],
  [{ SLIPWAY_RELAY_URL: "http://192.168.1.20:3100" }, "https://192.168.1.20"],
  [{ SLIPWAY_RELAY_URL: "http://localhost.example.net" }, "Only localhost"],
  [{ SLIPWAY_RELAY_URL: "http://127.0.0.1.example.net" }, "Only localhost"],
  [{ CONVEX_SITE_URL: undefined }, "CONVEX_SITE_URL is not set"],
])("%p is refused with what to do", (change, words) => {
  expect(() => readOptions({ ...env, ...change }, [])).toThrow(words);
});
