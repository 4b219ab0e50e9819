import { afterAll, beforeAll, expect, test } from "bun:test";
import type { GenericMutationCtx } from "convex/server";
import { join } from "node:path";
import type { DataModel, Id } from "../../convex/_generated/dataModel";
import { createBackend, type Backend } from "../../emulators/backend";

/** The stored files of a replacement: what a worker's report does to them when it comes late. */

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend({
    functions: join(import.meta.dir, "../../convex"),
    data: ":memory:",
    env: { SLIPWAY_MODE: "embedded", SLIPWAY_GIT_HOSTS: "[]" },
    log: () => {},
  });
});
afterAll(() => backend.close());

const tx = <T>(work: (ctx: GenericMutationCtx<DataModel>) => Promise<T>) =>
  backend.transaction(work as never) as Promise<T>;

async function store(): Promise<Id<"_storage">> {
  const url = await tx((ctx) => ctx.storage.generateUploadUrl());
  const stored = await fetch(url, { method: "POST", body: "files" });
  return ((await stored.json()) as { storageId: Id<"_storage"> }).storageId;
}

test("a late copy goes; the one that counts stays, however often it is reported", async () => {
  const counts = await store();
  const late = await store();
  const slotId = await tx(async (ctx) => {
    const userId = await ctx.db.insert("users", { name: "ada" });
    const error = {
      ...{ code: "replace_timed_out", message: "m", next: "n" },
      retryable: true,
    } as const;
    const id = await ctx.db.insert("slots", {
      ...{ userId, name: "default", generation: 1, revision: 1 },
      ...{ configWrites: 0, strikes: 0 },
      state: {
        ...{ status: "replacing", since: 0, stage: "place", stageSince: 0 },
        ...{ step: "wait", error },
      },
    });
    await ctx.db.insert("keeps", {
      ...{ slotId: id, generation: 1, storageId: counts, digest: "d" },
      ...{ files: 1, bytes: 5, skills: [] },
    });
    return id;
  });
  const report = (storageId: Id<"_storage">) =>
    backend.run("lifecycle/driver:report", {
      ...{ slotId, generation: 1, token: "of a step that is over" },
      call: { name: "keep", ms: 1 },
      outcome: { kind: "kept", storageId, digest: "d", files: 1, bytes: 5 },
    });
  for (const storageId of [late, counts, late, counts]) await report(storageId);
  const there = (id: Id<"_storage">) =>
    tx(async (ctx) => (await ctx.storage.getUrl(id)) !== null);
  expect(await there(late)).toBe(false);
  expect(await there(counts)).toBe(true);
});
