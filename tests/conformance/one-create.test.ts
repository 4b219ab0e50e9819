import { afterAll, expect, test } from "bun:test";
import { ConvexClient } from "convex/browser";
import { join } from "node:path";
import { api } from "../../convex/_generated/api";
import { createBackend } from "../../emulators/backend";
import { createIdentity } from "../../emulators/identity";
import { until } from "./chat-daemon";

/** Fifty of Convex's own clients, each on a socket of its own, and one person behind them. */

const CLIENTS = 50;
const SHA = "a".repeat(40);
const SKILLS = ["one", "two", "three", "four", "five"];
const keyOf = (name: string) => `local/ada/tools/${name}`;

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** A provider that takes a create and does not answer while the test lasts. */
function silentProvider() {
  const creates: { name?: string }[] = [];
  const over = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (request.method === "POST" && pathname.endsWith("/sandbox")) {
        creates.push((await request.json()) as { name?: string });
        await over.promise;
      }
      return Response.json({ message: "busy" }, { status: 503 });
    },
  });
  closing.push(async () => {
    over.resolve();
    await server.stop(true);
  });
  return { url: `http://127.0.0.1:${server.port}`, creates };
}

test("50 clients that launch at once: one slot, one create, one launch per skill", async () => {
  const provider = silentProvider();
  const identity = await createIdentity();
  closing.push(() => identity.close());
  const backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data: ":memory:",
    env: {
      SLIPWAY_MODE: "embedded",
      AUTH_PROVIDER: JSON.stringify({
        type: "customJwt",
        issuer: identity.issuer,
        jwks: identity.jwks,
        algorithm: "ES256",
        applicationID: "slipway",
      }),
      SLIPWAY_SEAL_KEYS: `test:${Buffer.alloc(32, 7).toString("base64")}`,
      DAYTONA_API_URL: provider.url,
      DAYTONA_API_KEY: "key",
    },
    log: () => {},
  });
  closing.push(() => backend.close());
  const stored = await fetch(
    await backend.transaction((ctx) => ctx.storage.generateUploadUrl()),
    { method: "POST", body: "an archive" },
  );
  const { storageId } = (await stored.json()) as { storageId: string };
  await backend.transaction(async (ctx) => {
    for (const name of SKILLS) {
      await ctx.db.insert("skills", {
        key: keyOf(name),
        host: "local",
        owner: "ada",
        repo: "tools",
        path: name,
        sha: SHA,
        name,
        description: "A skill.",
        body: "",
        files: [],
        totalBytes: 10,
        digest: "d".repeat(64),
        findings: [],
        link: `/ada/tools/${name}`,
        storageId,
      });
    }
  });

  const token = await identity.token("ada");
  const clients = Array.from({ length: CLIENTS }, () => {
    const client = new ConvexClient(backend.url, { logger: false });
    client.setAuth(async () => token);
    return client;
  });
  closing.push(() => Promise.all(clients.map((client) => client.close())));
  const seen: Set<string>[] = clients.map((client) => {
    const statuses = new Set<string>();
    client.onUpdate(api.sandboxes.list, {}, (sandboxes) => {
      for (const { slotId, generation, state } of sandboxes) {
        statuses.add(`${slotId} ${generation} ${state.status}`);
      }
    });
    return statuses;
  });

  const launches = await Promise.all(
    clients.map((client, i) =>
      client.mutation(api.launches.request, {
        skillKey: keyOf(SKILLS[i % SKILLS.length] ?? ""),
        sha: SHA,
        clientId: `client ${i}`,
      }),
    ),
  );

  expect(new Set(launches.map(({ launchId }) => launchId)).size).toBe(
    SKILLS.length,
  );
  await until(() => Promise.resolve(provider.creates.length > 0), 20_000);
  const all = await backend.transaction(async (ctx) => ({
    slots: await ctx.db.query("slots").collect(),
    remotes: await ctx.db.query("remotes").collect(),
  }));
  expect(all.slots).toHaveLength(1);
  expect(all.remotes).toHaveLength(1);
  // Every tab has come to see the one sandbox being made, and none another.
  const [slot] = all.slots as { _id: string }[];
  const creating = `${slot?._id} 1 creating`;
  await until(
    () => Promise.resolve(seen.every((statuses) => statuses.has(creating))),
    20_000,
  );
  expect(provider.creates).toHaveLength(1);
}, 60_000);
