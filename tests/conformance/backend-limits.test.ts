import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Backend } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";
import { toFailure, type Failure } from "../../convex/model/errors";
import { Cleanup } from "./backend-harness";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const SHA = "a".repeat(40);
const identity = (name: string) => ({
  identity: {
    subject: name,
    issuer: "https://issuer.test",
    tokenIdentifier: `https://issuer.test|${name}`,
  },
});
type Launched = { launchId: string; sessionId: string; joined: boolean };

/** The product's functions, with some skills known and no provider to go to. */
async function start(): Promise<{ backend: Backend; clock: VirtualClock }> {
  const clock = new VirtualClock();
  const backend = await cleanup.backend(join("../../../convex"), { clock });
  const url = (await backend.transaction((ctx) =>
    ctx.storage.generateUploadUrl(),
  )) as string;
  const stored = await fetch(url, { method: "POST", body: "archive" });
  const { storageId } = (await stored.json()) as { storageId: string };
  await backend.transaction(async (ctx) => {
    for (let i = 0; i < 10; i++)
      await ctx.db.insert("skills", skill(i, storageId));
  });
  return { backend, clock };
}

let asked = 0;

const launch = (backend: Backend, skillIndex = 0, user = "ada") =>
  backend.run(
    "launches:request",
    { skillKey: keyOf(skillIndex), sha: SHA, clientId: `tab-${asked++}` },
    identity(user),
  ) as Promise<Launched>;

async function refusal(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    return toFailure(error);
  }
  throw new Error("It was not refused.");
}

/** Launches and cancels the same skill until that is refused. */
async function launchUntilRefused(backend: Backend) {
  for (let launches = 0; launches < 1_000; launches++) {
    let launched: Launched;
    try {
      launched = await launch(backend);
    } catch (error) {
      return { launches, failure: toFailure(error) };
    }
    const { launchId } = launched;
    await backend.run("launches:cancel", { launchId }, identity("ada"));
  }
  throw new Error("A thousand launches were let through.");
}

describe("launching", () => {
  test("twenty tabs and twenty calls at once are one launch, and one of the limit", async () => {
    const { backend } = await start();
    const all = await Promise.all(
      Array.from({ length: 40 }, () => launch(backend)),
    );
    expect(all.filter(({ joined }) => !joined)).toHaveLength(1);
    expect(new Set(all.map(({ launchId }) => launchId)).size).toBe(1);
    const { launchId } = all[0] as Launched;
    await backend.run("launches:cancel", { launchId }, identity("ada"));
    const { launches } = await launchUntilRefused(backend);
    expect(launches).toBe(59);
  });

  test("ten skills at once pass", async () => {
    const { backend } = await start();
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => launch(backend, i)),
    );
    expect(all.every(({ joined }) => !joined)).toBe(true);
  });

  test("a loop is refused with when to retry, alone, and is let in then", async () => {
    const { backend, clock } = await start();
    const { failure } = await launchUntilRefused(backend);
    expect(failure).toMatchObject({ code: "rate_limited", retryable: true });
    expect(failure.message).toContain("in 2 s");
    expect(failure.retryAfterMs).toBe(2_000);
    await launch(backend, 1);
    await launch(backend, 0, "grace");
    await clock.advance(2_000);
    expect((await launch(backend)).joined).toBe(false);
  });

  test("what is refused anyway takes nothing", async () => {
    const { backend } = await start();
    for (let i = 0; i < 70; i++) {
      const unknown = await refusal(launch(backend, 99));
      expect(unknown.code).toBe("skill_not_loaded");
    }
    expect((await launchUntilRefused(backend)).launches).toBe(60);
  });
});

describe("other limits", () => {
  test("messages", async () => {
    const { backend } = await start();
    const { sessionId } = await launch(backend);
    const say = (i: number) => {
      const args = { sessionId, text: "hello", clientId: `message-${i}` };
      return backend.run("sessions:send", args, identity("ada"));
    };
    const first = (await say(0)) as { messageId: string };
    for (let i = 1; i < 120; i++) {
      await backend.run("sessions:stop", { sessionId }, identity("ada"));
      await say(i);
    }
    await backend.run("sessions:stop", { sessionId }, identity("ada"));
    expect(await refusal(say(120))).toMatchObject({
      code: "rate_limited",
      retryAfterMs: 1_000,
    });
    expect(await say(0)).toEqual(first);
  });

  test("tries of a key, whether or not the provider takes them", async () => {
    const { backend } = await start();
    const args = { providerId: "nobody", key: "sk-12345678" };
    const save = () =>
      refusal(backend.run("settings:saveKey", args, identity("ada")));
    for (let i = 0; i < 20; i++) {
      expect((await save()).code).toBe("model_not_allowed");
    }
    expect((await save()).code).toBe("rate_limited");
  });
});

const keyOf = (index: number) => `github.com/acme/skills/skill-${index}`;

const skill = (index: number, storageId: string) => ({
  key: keyOf(index),
  host: "github.com",
  owner: "acme",
  repo: "skills",
  path: `skill-${index}`,
  sha: SHA,
  name: `skill-${index}`,
  description: "A skill.",
  body: "",
  files: [],
  totalBytes: 7,
  digest: "d".repeat(64),
  findings: [],
  link: `/acme/skills/skill-${index}`,
  storageId,
});
