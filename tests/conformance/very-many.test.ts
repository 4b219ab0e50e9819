import {
  afterEach,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { GenericMutationCtx } from "convex/server";
import type { DataModel } from "../../convex/_generated/dataModel";
import { KEPT_BYTES } from "../../convex/model/skills/budget";
import { createBackend, type Backend } from "../../emulators/backend";
import { VirtualClock } from "../../emulators/backend/testing/virtual-clock";

setDefaultTimeout(60_000);

/** Accounts and records so large that what one function may read or be given counts. */

const DAY = 24 * 60 * 60_000;
const ada = {
  identity: { subject: "ada", issuer: "test", tokenIdentifier: "test|ada" },
};

type Ctx = GenericMutationCtx<DataModel>;

let backend: Backend;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  backend = await createBackend({
    functions: `${import.meta.dir}/../../convex`,
    data: ":memory:",
    clock,
    env: {
      SLIPWAY_MODE: "embedded",
      SLIPWAY_RETENTION_DAYS: '{"lookups":1}',
    },
    log: () => {},
  });
});
afterEach(() => backend.close());

const tx = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  backend.transaction(work as never);

async function userCalled(name: string, tokenIdentifier: string) {
  return await tx(async (ctx) => {
    const userId = await ctx.db.insert("users", { name });
    await ctx.db.insert("identities", { tokenIdentifier, userId });
    return userId;
  });
}

test("a sweep compares more sandboxes than an array may have", async () => {
  const ids = Array.from({ length: 9 }, (_, part) =>
    Array.from({ length: 1_000 }, (_, n) => `sandbox ${part} ${n}`),
  );
  const judge = "lifecycle/sweeping:judge";
  const verdict = await backend.run(judge, { ids, unwanted: [] });
  expect(verdict).toEqual({ condemned: [], strays: [] });
  const [sweep] = await tx((ctx) => ctx.db.query("sweeps").collect());
  expect(sweep?.listed).toBe(9_000);
});

test("all sandboxes one may have are listed while all wait behind others", async () => {
  const users = [
    await userCalled("eve", "test|eve"),
    await userCalled("ada", ada.identity.tokenIdentifier),
  ];
  for (const [index, userId] of users.entries()) {
    await tx(async (ctx) => {
      for (let n = 0; n < 200; n += 1) {
        const since = index * 1_000 + n;
        await ctx.db.insert("slots", {
          ...{ userId, name: `sim/o/r/s${n}`, generation: 1, revision: 0 },
          ...{ configWrites: 0, strikes: 0 },
          state: {
            ...{ status: "queued", since, for: "owner" },
            from: { status: "stopped", since: 0, by: "user" },
          },
        });
      }
    });
  }
  const listed = (await backend.run("sandboxes:list", {}, ada)) as unknown[];
  expect(listed).toHaveLength(200);
});

test("records as large as they can be are removed like others", async () => {
  for (let n = 0; n < 30; n += 1) {
    await tx(async (ctx) => {
      const skills = Array.from({ length: 1_000 }, (_, i) => ({
        ...{ path: `skills/${i}`, name: "n", listed: true },
        description: "d".repeat(KEPT_BYTES.listing / 1_000 - 80),
      }));
      const repository = `github.com/o/r${n}`;
      await ctx.db.insert("listings", { repository, sha: "a", skills });
    });
  }
  await clock.advance(DAY + 2 * 60 * 60_000);
  expect(await tx((ctx) => ctx.db.query("listings").collect())).toEqual([]);
});
