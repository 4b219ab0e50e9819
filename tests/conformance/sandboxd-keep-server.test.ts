/** The server's side of keep and restore, against the daemon with the real Hermes. */
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Id } from "../../convex/_generated/dataModel";
import type { ActionCtx } from "../../convex/_generated/server";
import { aad, seal } from "../../convex/model/seal";
import { keepDisk, restoreDisk, type DiskAccess } from "../../convex/node/keep";
import { startAgentFixture, type AgentFixture } from "./sandboxd-agent-fixture";
import {
  agentReady,
  configFor,
  eventually,
  install,
  skillMd,
  skillOf,
  startDaemon,
  textOf,
  turnEnd,
  type Daemon,
} from "./sandboxd-harness";
import { archiveOf } from "./sandboxd-keep-harness";

setDefaultTimeout(120_000);

const KEYS = "SLIPWAY_SEAL_KEYS";
const keysBefore = process.env[KEYS];
let fixture: AgentFixture;
let { daemon, begin, place, useModel } = {} as AgentFixture;

beforeAll(async () => {
  process.env[KEYS] = `test:${randomBytes(32).toString("base64")}`;
  fixture = await startAgentFixture();
  ({ daemon, begin, place, useModel } = fixture);
});
afterAll(async () => {
  if (keysBefore === undefined) delete process.env[KEYS];
  else process.env[KEYS] = keysBefore;
  await fixture?.close();
});

/** File storage, which is all of its context that the adapter uses. */
const stored = new Map<string, Blob>();
const ctx = {
  storage: {
    store: async (blob: Blob) => {
      const id = `file-${stored.size}`;
      stored.set(id, new Blob([await blob.arrayBuffer()]));
      return id;
    },
    get: (id: string) => Promise.resolve(stored.get(id) ?? null),
  },
} as unknown as ActionCtx;

const slotId = "slot" as Id<"slots">;
async function accessTo(
  { url, key }: Pick<Daemon, "url" | "key">,
  generation = 1,
): Promise<DiskAccess> {
  const sandboxdKey = await seal(key, aad.sandboxd(slotId, generation));
  return { slotId, generation, url, previewToken: "p", sandboxdKey };
}
const goOn = () => Promise.resolve();

test("a conversation goes on in a sandbox made anew", async () => {
  await useModel("demo", { key: "a-secret-gateway-token" });
  const skill = await place("local/acme/tools/same", "Say it.");
  const first = await begin(skill, "run: echo kept > file; cat file");
  await turnEnd(daemon, first.turnId);
  const { sessionId } = first;
  // The demo model runs a command only in a follow-up: so this one did.
  const second = await begin(
    skill,
    "run: echo kept > file; cat file",
    sessionId,
  );
  expect(textOf(await turnEnd(daemon, second.turnId))).toContain("kept");

  const kept = await keepDisk(ctx, await accessTo(daemon), goOn);
  if (kept.kind !== "kept") throw new Error(JSON.stringify(kept));
  const archive = stored.get(kept.storageId)!;
  const tar = gunzipSync(await archive.arrayBuffer()).toString("latin1");
  expect(tar).not.toContain("a-secret-gateway-token");
  expect(tar).not.toContain(daemon.key);
  expect(tar).toContain(".hermes/state.db");

  // The old one's agent was only stopped for a moment.
  await agentReady(daemon);
  const third = await begin(skill, "run: cat file", sessionId);
  expect(textOf(await turnEnd(daemon, third.turnId))).toContain("kept");

  const anew = await startDaemon(fixture.root);
  try {
    await anew.claim();
    await agentReady(anew);
    const config = configFor(`${fixture.model.url}/v1`);
    await anew.call("PUT", "/config", { body: { writeToken: 1, config } });
    const access = await accessTo(anew, 2);
    expect(await restoreDisk(ctx, access, kept, goOn)).toEqual({
      kind: "restored",
      digest: kept.digest,
    });
    await agentReady(anew);
    fixture.model.reset();
    const turn = await goOnIn(anew, skill.key, sessionId);
    expect(textOf(await turnEnd(anew, turn))).toContain("kept");
    // What was said before reaches the model again.
    const asked = JSON.stringify(fixture.model.requests());
    expect(asked).toContain("echo kept > file");
  } finally {
    await anew.close();
  }
});

/** A turn of that session in another sandbox, its skill installed anew. */
async function goOnIn(anew: Daemon, key: string, sessionId: string) {
  const skill = await skillOf(key, { "SKILL.md": skillMd("same-name", "x") });
  const { body } = await install(anew, skill);
  const turnId = randomBytes(8).toString("hex");
  const answer = await anew.call("POST", "/turns", {
    body: {
      turnId,
      sessionId,
      text: "run: cat file",
      skill: { name: "same-name", path: body.path, key },
    },
  });
  expect(answer.status).toBe(202);
  return turnId;
}

test("an agent that is still starting rests as well, and starts again", async () => {
  const early = await startDaemon(fixture.root);
  try {
    await early.claim();
    const access = await accessTo(early);
    const kept = await keepDisk(ctx, access, goOn);
    expect(kept).toMatchObject({ kind: "kept" });
    if (kept.kind !== "kept") return;
    const { digest } = kept;
    const restored = { kind: "restored" as const, digest };
    expect(await restoreDisk(ctx, access, kept, goOn)).toEqual(restored);
    await agentReady(early);
    expect(await restoreDisk(ctx, access, kept, goOn)).toEqual(restored);
    await agentReady(early);
    expect(early.log()).not.toContain("agent ended");
  } finally {
    await early.close();
  }
});

test("while a turn runs, it is busy; the turn is not disturbed", async () => {
  await useModel("slow");
  const skill = await place("local/acme/tools/same", "Say it.");
  const { turnId } = await begin(skill, "hi");
  await eventually("the answer has begun", async () => {
    const { body } = await daemon.call("GET", `/turns/${turnId}`);
    return Number(body.next) > 0;
  });
  const kept = await keepDisk(ctx, await accessTo(daemon), goOn);
  expect(kept).toEqual({ kind: "busy" });
  await daemon.call("POST", `/turns/${turnId}/stop`);
  const events = await turnEnd(daemon, turnId);
  expect(events.at(-1)).toMatchObject({ reason: "stopped" });
  await useModel("demo");
});

describe("what does not succeed is told apart", () => {
  const archive = () => archiveOf([{ name: "sessions/s/a", content: "a" }]);

  test("a key of another boot; a secret that cannot be opened", async () => {
    const other = await accessTo({ url: daemon.url, key: "another" });
    expect(await keepDisk(ctx, other, goOn)).toEqual({ kind: "unclaimed" });
    const { packed, digest } = await archive();
    const storageId = await ctx.storage.store(new Blob([packed as BlobPart]));
    const kept = { storageId, digest };
    expect(await restoreDisk(ctx, other, kept, goOn)).toEqual({
      kind: "unclaimed",
    });
    const unreadable = { ...(await accessTo(daemon)), generation: 7 };
    expect(await keepDisk(ctx, unreadable, goOn)).toMatchObject({
      kind: "refused",
      error: { code: "secret_unreadable" },
    });
  });

  test("another content than its digest says; a file that is gone", async () => {
    const { packed, digest } = await archive();
    const storageId = await ctx.storage.store(new Blob([packed as BlobPart]));
    const access = await accessTo(daemon);
    const other = { storageId, digest: "0".repeat(64) };
    expect(await restoreDisk(ctx, access, other, goOn)).toEqual({
      kind: "mismatch",
      digest,
    });
    const gone = { storageId: "gone" as Id<"_storage">, digest };
    expect(await restoreDisk(ctx, access, gone, goOn)).toMatchObject({
      kind: "refused",
      error: { code: "restore_failed" },
    });
  });

  test("more than can be kept, with how much there is", async () => {
    const folder = join(daemon.home, "sessions/large");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "a"), "");
    Bun.spawnSync(["truncate", "-s", "300M", join(folder, "a")]);
    const kept = await keepDisk(ctx, await accessTo(daemon), goOn);
    await rm(folder, { recursive: true });
    expect(kept).toMatchObject({
      kind: "refused",
      error: { code: "keep_too_large" },
    });
    expect(JSON.stringify(kept)).toMatch(/files with 3\d\d MiB/);
  });
});

describe("what a sandbox says is not believed", () => {
  /** Somebody who answers in the daemon's place. */
  async function keepFrom(answer: (response: ServerResponse) => void) {
    const server = createServer((_request, response) => answer(response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    try {
      return await keepDisk(ctx, await accessTo({ url, key: "k" }), goOn);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const refused = { kind: "refused", error: { code: "keep_too_large" } };
  const unknown = { kind: "unknown", error: { code: "keep_failed" } };
  const headers = (digest: string) => ({ "x-slipway-digest": digest });

  test("an archive with another digest, or with none", async () => {
    const { packed, digest } = await archiveOf([
      { name: "sessions/s/a", content: "a" },
    ]);
    const answers = [headers("0".repeat(64)), headers("short"), {}];
    for (const told of answers) {
      const kept = await keepFrom((r) => r.writeHead(200, told).end(packed));
      expect(kept).toMatchObject(unknown);
    }
    const before = stored.size;
    const kept = await keepFrom((r) =>
      r.writeHead(200, headers(digest)).end(packed),
    );
    expect(kept).toMatchObject({ kind: "kept", digest, files: 1, bytes: 1 });
    expect(stored.size).toBe(before + 1);
  });

  test("one that breaks off, is no archive, or is a login page", async () => {
    const { packed, digest } = await archiveOf([
      { name: "sessions/s/a", content: randomBytes(4_096).toString("hex") },
    ]);
    const told = headers(digest);
    const answers: ((response: ServerResponse) => void)[] = [
      (r) => {
        r.writeHead(200, told).write(packed.subarray(0, 200), () =>
          r.destroy(),
        );
      },
      (r) => r.writeHead(200, told).end(packed.subarray(0, 200)),
      (r) => r.writeHead(200, told).end(gzipSync("x".repeat(3_000))),
      (r) => r.writeHead(307, { location: "/login" }).end(),
      (r) => r.writeHead(200).end("<html>"),
    ];
    for (const answer of answers) {
      expect(await keepFrom(answer)).toMatchObject(unknown);
    }
  });

  test("more than it may send, packed small", async () => {
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
    const kept = await keepFrom((r) => {
      r.writeHead(200, headers("0".repeat(64)));
      // Members of one gzip stream: 640 MiB of nothing.
      for (let at = 0; at < 10; at++) r.write(zeros);
      r.end();
    });
    expect(kept).toMatchObject(refused);
  });

  test("more than it may send", async () => {
    const noise = randomBytes(8 * 1024 * 1024);
    const kept = await keepFrom((r) => {
      r.writeHead(200, headers("0".repeat(64)));
      Readable.from(Array.from({ length: 30 }, () => noise)).pipe(r);
    });
    expect(kept).toMatchObject(refused);
  });
});

test("the caller hears that it goes on; one without a lease ends it", async () => {
  let leftEarly = false;
  const server = createServer((_request, response) => {
    response.on("close", () => (leftEarly = true));
    response.writeHead(200, { "x-slipway-digest": "0".repeat(64) }).write("x");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const access = await accessTo({ url: `http://127.0.0.1:${port}`, key: "k" });
  let beats = 0;
  const kept = await keepDisk(
    ctx,
    access,
    async () => {
      beats += 1;
      if (beats === 3) throw new Error("the lease is another's");
    },
    20,
  );
  expect(kept).toMatchObject({
    kind: "unknown",
    error: { code: "keep_failed", message: "The transfer was given up." },
  });
  expect(beats).toBeGreaterThanOrEqual(3);
  await eventually("the daemon is left alone", () =>
    Promise.resolve(leftEarly),
  );
  server.close();
});
