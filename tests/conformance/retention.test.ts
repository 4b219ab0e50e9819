import {
  afterEach,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { GenericMutationCtx } from "convex/server";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { api } from "../../convex/_generated/api";
import type { DataModel, Id } from "../../convex/_generated/dataModel";
import { createBackend, type Backend } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";

setDefaultTimeout(60_000);

/** What is removed for its age, and what is not: old rows are written in one year, looked at in the next. */

const DAY = 24 * 60 * 60_000;
const HOUR = DAY / 24;
const LONG_AGO = Date.UTC(2025, 0, 1);
const NOW = LONG_AGO + 200 * DAY;
const ada = {
  identity: { subject: "ada", issuer: "test", tokenIdentifier: "test|ada" },
};

/** Of a conversation: several batches of them. */
const MESSAGES = 12;

type Ctx = GenericMutationCtx<DataModel>;
type Seeded = Awaited<ReturnType<typeof seed>>;

let data: string;
let backend: Backend;
let clock: VirtualClock;
let old: Seeded;
let young: Seeded;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "slipway-retention-"));
  await openAt(LONG_AGO);
  old = await seed("old");
  await backend.close();
  await openAt(NOW);
  young = await seed("young");
});
afterEach(async () => {
  await backend.close();
  await rm(data, { recursive: true, force: true });
});

async function openAt(
  start: number,
  env: Record<string, string> = {},
): Promise<void> {
  clock = new VirtualClock(start);
  backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data,
    clock,
    env: { SLIPWAY_MODE: "embedded", ...env },
    log: () => {},
  });
}

function tx<T>(work: (ctx: Ctx) => Promise<T>): Promise<T> {
  return backend.transaction(work as never);
}

/** One of everything that is kept for a while, in a slot of its own. */
async function seed(name: string) {
  const url = (await tx((ctx) => ctx.storage.generateUploadUrl())) as string;
  const stored = await fetch(url, { method: "POST", body: `archive ${name}` });
  const { storageId } = (await stored.json()) as { storageId: Id<"_storage"> };
  return tx(async (ctx) => {
    const userId =
      (await ctx.db.query("users").first())?._id ??
      (await ctx.db.insert("users", { name: "ada" }));
    if (name === "old") {
      const tokenIdentifier = ada.identity.tokenIdentifier;
      await ctx.db.insert("identities", { tokenIdentifier, userId });
    }
    const slotId = await ctx.db.insert("slots", {
      ...{ userId, name, generation: 2, revision: 0, configWrites: 0 },
      ...{ strikes: 0, state: { status: "empty" } },
    });
    const remote = (generation: number) =>
      ctx.db.insert("remotes", {
        ...{ slotId, generation, name: `${name}-${generation}`, creates: 1 },
        ...{ state: "gone", since: Date.now(), nextAt: Date.now() },
        attempts: 0,
      });
    const remotes = [await remote(1), await remote(2)] as const;
    const skillKey = `github.com/o/${name}/s`;
    const about = { userId, slotId, skillKey, sha: "a", skillName: "s" };
    const sessionId = await ctx.db.insert("sessions", {
      ...{ ...about, link: "/o/r/s", title: "s" },
    });
    const launchId = await ctx.db.insert("launches", {
      ...{ ...about, link: "/o/r/s", sessionId, active: false },
      ...{ state: { state: "ready", at: Date.now() }, deadlineAt: 0 },
      steps: [],
    });
    const messageId = await say(ctx, sessionId);
    for (let i = 1; i < MESSAGES; i++) await say(ctx, sessionId);
    const partId = await ctx.db.insert("parts", {
      ...{ sessionId, messageId, seq: 0, body: { kind: "text", text: "Hi" } },
    });
    const eventId = await ctx.db.insert("events", {
      ...{ slotId, generation: 1, by: { kind: "slipway" } },
      what: { kind: "remote", change: "gone" },
    });
    const skillId = await ctx.db.insert("skills", {
      ...{ key: skillKey, host: "github.com", owner: "o", repo: name },
      ...{ path: "s", sha: "a", name: "s", description: "", body: "" },
      ...{ files: [], totalBytes: 1, digest: "d", findings: [], link: "/" },
      storageId,
    });
    const repository = `github.com/o/${name}`;
    const head = { ...{ owner: "o", repo: name }, branch: "main", sha: "a" };
    const resolutionId = await ctx.db.insert("resolutions", {
      ...{ repository, head: { kind: "found", ...head } },
      checkedAt: Date.now(),
    });
    const listingId = await ctx.db.insert("listings", {
      ...{ repository, sha: "a", skills: [] },
    });
    const answerId = await ctx.db.insert("idempotency", {
      ...{ userId, route: "r", key: name, bodyHash: "", answer: "{}" },
      expiresAt: Date.now() + DAY,
    });
    return {
      ...{ userId, slotId, skillKey, sessionId, storageId, remotes },
      all: {
        sessions: sessionId,
        launches: launchId,
        messages: messageId,
        parts: partId,
        events: eventId,
        remotes: remotes[0],
        skills: skillId,
        listings: listingId,
        resolutions: resolutionId,
        answers: answerId,
      },
    };
  });
}

function say(ctx: Ctx, sessionId: Id<"sessions">): Promise<Id<"messages">> {
  const words = { role: "user", text: "Hi", state: "done" } as const;
  return ctx.db.insert("messages", { sessionId, ...words });
}

/** Which of the rows that were written are still there, by name. */
function left(seeded: Seeded): Promise<string[]> {
  return tx(async (ctx) => {
    const found: string[] = [];
    for (const [kind, id] of Object.entries(seeded.all)) {
      if (await ctx.db.get(id as Id<"events">)) found.push(kind);
    }
    return found.sort();
  });
}

async function removed(): Promise<Record<string, number>> {
  const health = (await backend.run(
    "health:get",
    {},
  )) as (typeof api.health.get)["_returnType"];
  return Object.fromEntries(
    health.removed.map(({ kind, count }) => [kind, count]),
  );
}

test("what is old goes within the hour and is counted; what is young stays", async () => {
  await clock.advance(HOUR + 60_000);
  expect(await left(old)).toEqual([]);
  expect(await left(young)).toEqual(Object.keys(young.all).sort());
  expect(await removed()).toMatchObject({
    ...{ sessions: 1, launches: 1, events: 1, remotes: 1, skills: 1 },
    ...{ listings: 1, resolutions: 1, answers: 1 },
  });
});

test("the archive goes with its skill", async () => {
  const has = (id: Id<"_storage">) =>
    tx(async (ctx) => (await ctx.storage.getUrl(id)) !== null);
  expect(await has(old.storageId)).toBe(true);
  await clock.advance(HOUR + 60_000);
  expect(await has(old.storageId)).toBe(false);
  expect(await has(young.storageId)).toBe(true);
});

test("a file that nobody recorded goes after a day; one of a replacement stays", async () => {
  const store = async () => {
    const url = (await tx((ctx) => ctx.storage.generateUploadUrl())) as string;
    const stored = await fetch(url, { method: "POST", body: "files" });
    const { storageId } = (await stored.json()) as {
      storageId: Id<"_storage">;
    };
    return storageId;
  };
  const lost = await store();
  const storageId = await store();
  await tx((ctx) =>
    ctx.db.insert("keeps", {
      ...{ slotId: young.slotId, generation: 1, storageId, digest: "d" },
      ...{ files: 1, bytes: 5, skills: [] },
    }),
  );
  const there = (id: Id<"_storage">) =>
    tx(async (ctx) => (await ctx.storage.getUrl(id)) !== null);
  await clock.advance(HOUR + 60_000);
  expect(await there(lost)).toBe(true); // its worker may be about to record it
  await backend.close();
  await openAt(NOW + 2 * DAY);
  await clock.advance(HOUR + 60_000);
  expect(await there(lost)).toBe(false);
  expect(await there(storageId)).toBe(true);
  expect(await there(young.storageId)).toBe(true);
  expect(await removed()).toMatchObject({ files: 1 });
});

test("a conversation that goes on is kept whole, with the skill it is about", async () => {
  await tx((ctx) => say(ctx, old.sessionId));
  await clock.advance(HOUR + 60_000);
  expect(await left(old)).toEqual(["messages", "parts", "sessions", "skills"]);
});

test("nothing goes that a turn or a launch under way needs", async () => {
  await tx(async (ctx) => {
    await ctx.db.patch("launches", old.all.launches, {
      ...{ active: true, state: { state: "installing" } },
      deadlineAt: NOW + 100 * DAY,
    });
  });
  await clock.advance(HOUR + 60_000);
  const kept = await left(old);
  expect(kept).toContain("sessions");
  expect(kept).toContain("launches");
  expect(kept).toContain("skills");

  await tx(async (ctx) => {
    const { slotId, userId, sessionId } = old;
    await ctx.db.patch("launches", old.all.launches, { active: false });
    await ctx.db.insert("turns", {
      ...{ sessionId, slotId, userId },
      messageId: old.all.messages,
      ...{ state: "running", pushTokenHashes: [], attempt: 0 },
      cursor: { next: 0, seq: 0, chars: 0, cut: false, failed: false },
      ...{ stopRequested: false, lastEventAt: 0, generation: 2 },
      ...{ checkAt: NOW + 100 * DAY, deadlineAt: NOW + 100 * DAY },
    });
  });
  await clock.advance(HOUR);
  expect(await left(old)).toContain("messages");
});

test("a skill that is on a disk or being carried over keeps its archive", async () => {
  const sandbox = { slotId: young.slotId, generation: 2 };
  await tx(async (ctx) => {
    await haveDisk(ctx, young.slotId);
    await ctx.db.insert("installedSkills", {
      ...{ ...sandbox, skillKey: old.skillKey, sha: "a", name: "s" },
      ...{ link: "/", digest: "d", path: "/s" },
    });
  });
  await clock.advance(HOUR + 60_000);
  expect(await left(old)).toContain("skills");

  await tx(async (ctx) => {
    const listed = await ctx.db.query("installedSkills").first();
    if (listed) await ctx.db.delete("installedSkills", listed._id);
    await ctx.db.insert("keeps", {
      ...{ ...sandbox, storageId: young.storageId, digest: "d", files: 1 },
      ...{ bytes: 1, skills: [{ skillKey: old.skillKey, sha: "a" }] },
    });
  });
  await clock.advance(HOUR);
  expect(await left(old)).toContain("skills");
});

/** More than what is removed together with a disk, and than one batch. */
const LISTED = 700;

for (const generation of [1, 2]) {
  const which = generation === 1 ? "a former" : "the last";
  test(`nothing stays listed on the disk of ${which} generation that is gone, nor keeps an archive`, async () => {
    const { skillKey } = old;
    const list = (ctx: Ctx, slotId: Id<"slots">, sha: string, at: number) =>
      ctx.db.insert("installedSkills", {
        ...{ slotId, generation: at, skillKey, sha, name: "s", link: "/" },
        ...{ digest: "d", path: "/s" },
      });
    const kept = await tx(async (ctx) => {
      if (generation === 1) await haveDisk(ctx, old.slotId);
      for (let i = 0; i < LISTED; i++) {
        await list(ctx, old.slotId, i === 0 ? "a" : `${i}`, generation);
      }
      await haveDisk(ctx, young.slotId);
      return list(ctx, young.slotId, "b", 2);
    });
    await clock.advance(2 * HOUR + 60_000); // its archive, an hour later at the latest
    const rows = await tx((ctx) => ctx.db.query("installedSkills").collect());
    expect(rows.map(({ _id }) => _id)).toEqual([kept]);
    expect(await removed()).toMatchObject({ installed: LISTED });
    expect(await left(old)).not.toContain("skills");
  });
}

/** It is switched off, with its disk. */
async function haveDisk(ctx: Ctx, slotId: Id<"slots">): Promise<void> {
  const state = { status: "stopped", since: Date.now(), by: "user" } as const;
  await ctx.db.patch("slots", slotId, { state });
}

test("a repository that was looked at lately keeps what its page shows", async () => {
  await tx((ctx) =>
    ctx.db.patch("resolutions", old.all.resolutions, { checkedAt: NOW }),
  );
  await clock.advance(HOUR + 60_000);
  expect(await left(old)).toEqual(["listings", "resolutions", "skills"]);
});

test("the present generation of a slot keeps its row", async () => {
  await clock.advance(HOUR + 60_000);
  const rows = await tx((ctx) => ctx.db.query("remotes").collect());
  const there = rows.map(({ _id }) => _id);
  expect(there).toContain(old.remotes[1]);
  expect(there).not.toContain(old.remotes[0]);
});

test("a removed conversation reads as none, and none of it is left", async () => {
  const { sessionId } = old;
  const before = await tx((ctx) => ctx.db.query("messages").collect());
  expect(before).toHaveLength(2 * MESSAGES);
  await clock.advance(HOUR + 60_000);
  expect(await backend.run("sessions:get", { sessionId }, ada)).toBeNull();
  expect(await backend.run("launches:forSession", { sessionId }, ada)).toBe(
    null,
  );
  const after = await tx((ctx) => ctx.db.query("messages").collect());
  expect(after).toHaveLength(MESSAGES);
});

test("hundreds of old rows go in one hour, a batch at a time", async () => {
  await backend.close();
  await rm(data, { recursive: true });
  await openAt(LONG_AGO);
  await tx(async (ctx) => {
    for (let i = 0; i < 700; i++) {
      await ctx.db.insert("events", {
        ...{ slotId: old.slotId, generation: 1, by: { kind: "slipway" } },
        what: { kind: "remote", change: "gone" },
      });
    }
  });
  await backend.close();
  await openAt(NOW);
  await clock.advance(HOUR + 60_000);
  expect((await removed()).events).toBe(700);
});

test("settings nobody can read remove nothing, and health says so", async () => {
  await backend.close();
  await openAt(NOW, { SLIPWAY_RETENTION_DAYS: '{"events": "a week"}' });
  await clock.advance(HOUR + 60_000);
  expect(await left(old)).toContain("events");
  expect(await backend.run("health:get", {})).toMatchObject({
    unreadable: ["SLIPWAY_RETENTION_DAYS"],
  });
});
