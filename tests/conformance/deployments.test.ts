import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { api, internal } from "../../convex/_generated/api";
import { createBackend, type Backend } from "../../emulators/backend";
import { until } from "./chat-daemon";
import { API_KEY, startFixture, type Fixture } from "./sandbox-support";

/** Two deployments on one account of the provider, and one whose issuer moves. */

const SHA = "a".repeat(40);
const KEY = "local/ada/tools/skills/one";

let sandboxes: Fixture;
let deployments: Backend[] = [];

beforeAll(async () => {
  sandboxes = await startFixture();
  const env = {
    SLIPWAY_MODE: "embedded",
    SLIPWAY_SEAL_KEYS: `test:${Buffer.alloc(32, 7).toString("base64")}`,
    DAYTONA_API_URL: sandboxes.server.url,
    DAYTONA_API_KEY: API_KEY,
  };
  deployments = await Promise.all(
    [1, 2].map(() =>
      createBackend({
        functions: join(import.meta.dir, "../../convex"),
        data: ":memory:",
        env,
        log: () => {}, // the skill cannot be installed: no daemon runs in these
      }),
    ),
  );
  await Promise.all(deployments.map(launch));
});
afterAll(async () => {
  // Each puts the environment back that it found: the last one first.
  for (const deployment of deployments.reverse()) await deployment.close();
  await sandboxes.close();
});

const identity = (subject: string, issuer = "https://old.example") => ({
  identity: { subject, issuer, tokenIdentifier: `${issuer}|${subject}` },
});

async function launch(deployment: Backend): Promise<void> {
  const url = (await deployment.transaction((ctx) =>
    ctx.storage.generateUploadUrl(),
  )) as string;
  const stored = await fetch(url, { method: "POST", body: "x" });
  const { storageId } = (await stored.json()) as { storageId: string };
  await deployment.transaction((ctx) =>
    ctx.db.insert("skills", {
      ...{ key: KEY, host: "local", owner: "ada", repo: "tools", sha: SHA },
      ...{ path: "skills/one", name: "one", description: "One.", body: "" },
      ...{ files: [], totalBytes: 1, digest: "d", findings: [], link: "/a" },
      storageId,
    }),
  );
  const asked = { skillKey: KEY, sha: SHA, clientId: "once" };
  await deployment.run(api.launches.request, asked, identity("ada"));
}

const remoteOf = (deployment: Backend) =>
  deployment.transaction(async (ctx) => {
    const remote = await ctx.db.query("remotes").first();
    return remote?.remoteId ? remote : null;
  });

test("deployments on one account touch nothing of each other", async () => {
  const remotes = await Promise.all(
    deployments.map((deployment) => until(() => remoteOf(deployment))),
  );
  expect(new Set(remotes.map(({ name }) => name)).size).toBe(2);
  for (const deployment of deployments) {
    await deployment.run(internal.node.sweeper.sweep);
    const seen = await deployment.transaction(async (ctx) => ({
      sweep: await ctx.db.query("sweeps").first(),
      orphans: await ctx.db.query("orphans").take(10),
    }));
    expect(seen.sweep).toMatchObject({ listed: 1, orphansHealed: 0 });
    expect(seen.orphans).toEqual([]);
  }
  const left = await sandboxes.daytona.list();
  const ids: string[] = [];
  for await (const { id } of left) ids.push(id);
  expect(ids.sort()).toEqual(remotes.map(({ remoteId }) => remoteId).sort());
});

test("a new address of the issuer strands nobody, and makes nobody else of anyone", async () => {
  const [deployment] = deployments as [Backend];
  const before = await deployment.run(api.users.me, {}, identity("ada"));
  const moved = identity("ada", "https://new.example");
  expect(await deployment.run(api.users.me, {}, moved)).toBeNull();
  const change = { from: "https://old.example", to: "https://new.example" };
  const changed = () => deployment.run(internal.users.changeIssuer, change);
  expect(await changed()).toEqual({ linked: 1, apart: 0, done: true });
  expect(await deployment.run(api.users.me, {}, moved)).toEqual(before);
  expect(await changed()).toEqual({ linked: 0, apart: 0, done: true });
  const stranger = identity("ada", "https://old.example.evil");
  expect(await deployment.run(api.users.me, {}, stranger)).toBeNull();
});

test("who came under the new address too early is led back, unless they have sandboxes there", async () => {
  const [deployment] = deployments as [Backend];
  const from = "https://older.example";
  const to = "https://newer.example";
  await deployment.transaction(async (ctx) => {
    for (const name of ["bob", "cyd"]) {
      for (const issuer of [from, to]) {
        const userId = await ctx.db.insert("users", {
          name: `${name}@${issuer}`,
        });
        const tokenIdentifier = `${issuer}|${name}`;
        await ctx.db.insert("identities", { tokenIdentifier, userId });
        if (name === "bob" || issuer === from) continue;
        await ctx.db.insert("slots", {
          ...{ userId, name: "default", generation: 0, revision: 0 },
          ...{ configWrites: 0, strikes: 0, state: { status: "empty" } },
        });
      }
    }
  });
  const change = { from, to };
  expect(await deployment.run(internal.users.changeIssuer, change)).toEqual({
    ...{ linked: 1, apart: 1, done: true },
  });
  const meet = (subject: string) =>
    deployment.run(api.users.me, {}, identity(subject, to));
  expect(await meet("bob")).toMatchObject({ name: `bob@${from}` });
  expect(await meet("cyd")).toMatchObject({ name: `cyd@${to}` });
});
