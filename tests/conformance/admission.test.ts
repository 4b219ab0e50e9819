import { afterAll, beforeAll, expect, test } from "bun:test";
import type { GenericMutationCtx } from "convex/server";
import { join } from "node:path";
import type { DataModel, Id } from "../../convex/_generated/dataModel";
import { createBackend, type Backend } from "../../emulators/backend";

/** The queue when it is long. */

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data: ":memory:",
    env: {
      ...{ SLIPWAY_MODE: "embedded", SLIPWAY_GIT_HOSTS: "[]" },
      SLIPWAY_MAX_SANDBOXES_PER_USER: "1",
    },
    log: () => {},
  });
});
afterAll(() => backend.close());

type Ctx = GenericMutationCtx<DataModel>;
const tx = <T>(work: (ctx: Ctx) => Promise<T>) =>
  backend.transaction(work as never) as Promise<T>;

function queue(ctx: Ctx, userId: Id<"users">, name: string, since: number) {
  const from = { status: "empty" } as const;
  return ctx.db.insert("slots", {
    ...{ userId, name, generation: 0, revision: 0 },
    ...{ configWrites: 0, strikes: 0 },
    state: { status: "queued", since, from, for: "launch" },
  });
}

test("whoever fills the queue with what they may not have yet holds up nobody", async () => {
  const now = Date.now();
  const behind = await tx(async (ctx) => {
    const userId = await ctx.db.insert("users", { name: "many" });
    for (let at = 0; at < 1_200; at++) {
      await queue(ctx, userId, `s${at}`, now - 10_000 + at);
    }
    const other = await ctx.db.insert("users", { name: "one" });
    return queue(ctx, other, "default", now);
  });
  await backend.run("lifecycle/admission:admit", {});
  const slots = await tx((ctx) => ctx.db.query("slots").take(2_000));
  const admitted = slots.filter(({ state }) => state.status !== "queued");
  expect(admitted).toHaveLength(2);
  expect(admitted.map(({ _id }) => _id)).toContain(behind);
});
