import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { OptionError, readOptions, requireReadable, ROOT } from "./options";

const CLOUD = {
  CONVEX_URL: "https://happy-otter-123.convex.cloud",
  NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: `pk_test_${btoa("clerk.example.com$")}`,
  CLERK_SECRET_KEY: "sk_test_x",
};

describe("without any setting", () => {
  const options = readOptions({}, []);

  test("everything runs here, on port 3000, in .slipway", () => {
    expect(options).toMatchObject({
      port: 3000,
      dataDir: join(ROOT, ".slipway"),
      snapshotsDir: join(ROOT, ".slipway", "snapshots"),
      skillsDir: null,
      cloud: null,
      dev: false,
      clerkIssuer: null,
      replaced: { sandboxes: false, models: false, skills: false },
    });
  });
});

test("a Convex deployment replaces every embedded part; its site address follows", () => {
  expect(readOptions(CLOUD, []).cloud).toEqual({
    convexUrl: CLOUD.CONVEX_URL,
    siteUrl: "https://happy-otter-123.convex.site",
  });
});

test("Daytona replaces the embedded sandboxes alone", () => {
  const env = { DAYTONA_API_URL: "https://x", DAYTONA_API_KEY: "k" };
  expect(readOptions(env, []).replaced).toMatchObject({
    sandboxes: true,
    models: false,
  });
});

test("Clerk replaces the local issuer; its address follows from the key", () => {
  const env = {
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: `pk_test_${btoa("wise-owl-1.clerk.accounts.dev$")}`,
    CLERK_SECRET_KEY: "sk_test_x",
  };
  expect(readOptions(env, []).clerkIssuer).toBe(
    "https://wise-owl-1.clerk.accounts.dev",
  );
});

test.each([
  [{ PORT: "http" }, "PORT"],
  [{ PORT: "70000" }, "PORT"],
  [{ CONVEX_URL: "https://convex.example" }, "CONVEX_SITE_URL"],
  [{ ...CLOUD, CLERK_SECRET_KEY: "" }, "CLERK_SECRET_KEY"],
  [{ ...CLOUD, CONVEX_SITE_URL: "convex.example" }, "CONVEX_SITE_URL"],
  [{ DAYTONA_API_URL: "https://x" }, "DAYTONA_API_KEY"],
  [{ SLIPWAY_SKILLS_DIR: "no/such/folder" }, "SLIPWAY_SKILLS_DIR"],
  [{ SLIPWAY_SKILLS_DIR: "package.json" }, "SLIPWAY_SKILLS_DIR"],
] as [Record<string, string>, string][])(
  "%p is refused, naming %s",
  (env, name) => {
    expect(() => readOptions(env, [])).toThrow(OptionError);
    expect(() => readOptions(env, [])).toThrow(name);
  },
);

test.each([
  [{ SLIPWAY_MAX_SANDBOXES: "many" }, "SLIPWAY_MAX_SANDBOXES must be a number"],
  [{ SLIPWAY_MAX_SANDBOXES_PER_USER: "0" }, "SLIPWAY_MAX_SANDBOXES_PER_USER"],
  [
    {
      CONVEX_URL: "https://happy-otter-123.convex.cloud",
      SLIPWAY_RELAY_URL: "relay.example.net",
    },
    "SLIPWAY_RELAY_URL",
  ],
  [{ SLIPWAY_PROXIES: "abc" }, "SLIPWAY_PROXIES"],
  [{ SLIPWAY_SEAL_KEYS: "bad" }, "SLIPWAY_SEAL_KEYS"],
  [{ SLIPWAY_GIT_HOSTS: "[x" }, "SLIPWAY_GIT_HOSTS cannot be read"],
  [{ SLIPWAY_MODEL_PROVIDERS: "{bad" }, "SLIPWAY_MODEL_PROVIDERS"],
  [{ SLIPWAY_RETENTION_DAYS: "7" }, "SLIPWAY_RETENTION_DAYS"],
] as [Record<string, string>, string][])(
  "%p cannot be read, and %s is named",
  async (env, name) => {
    const error: unknown = await requireReadable(env).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).message).toContain(name);
    await requireReadable({ SLIPWAY_MAX_SANDBOXES: "", SLIPWAY_MODE: "" });
    // Embedded, Slipway has a relay of its own.
    await requireReadable({ SLIPWAY_RELAY_URL: "relay.example.net" });
  },
);

test("an unknown flag is refused", () => {
  expect(() => readOptions({}, ["--prod"])).toThrow("--prod");
});
