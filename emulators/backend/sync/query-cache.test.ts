import { afterEach, beforeEach, expect, test } from "bun:test";
import { mutationGeneric, queryGeneric } from "convex/server";
import { identityFromAttributes } from "../auth/identity";
import { ownRequest } from "../functions/request";
import type { Runtime } from "../functions/runtime";
import { bareRuntime } from "../testing/runtime";
import { QueryCache, type Watched } from "./query-cache";

const notes = {
  all: queryGeneric((ctx) => ctx.db.query("notes").collect()),
  /** Of its caller, which makes it the caller's own. */
  mine: queryGeneric(
    async (ctx) => (await ctx.auth.getUserIdentity())?.subject,
  ),
  add: mutationGeneric((ctx) => ctx.db.insert("notes", {})),
};

let runtime: Runtime;
let cache: QueryCache;
let close: () => void;
beforeEach(() => {
  ({ runtime, close } = bareRuntime({ notes }));
  cache = new QueryCache(runtime);
});
afterEach(() => close());

const watched = (name: "all" | "mine", who?: string): Watched => ({
  fn: runtime.registry.get(`notes:${name}`),
  args: {},
  journal: null,
  identity: who === undefined ? null : identityFromAttributes({ subject: who }),
});

async function getAll(wanted: Watched[]) {
  const snapshot = runtime.engine.begin(false);
  try {
    return await Promise.all(wanted.map((one) => cache.get(one, snapshot)));
  } finally {
    runtime.engine.end(snapshot);
  }
}

const add = () =>
  runtime.mutation({
    fn: runtime.registry.get("notes:add"),
    args: {},
    identity: null,
    request: ownRequest(),
  });

test("watchers of an equal query share one run, whoever they are", async () => {
  const wanted = ["ada", "bob", undefined].map((who) => watched("all", who));
  const [one, ...others] = await getAll(wanted);
  expect(others).toEqual([one, one] as never);
  expect(cache.runs).toBe(1);
});

test("a query that asks who is calling is run for each caller", async () => {
  const wanted = ["ada", "bob", "ada"].map((who) => watched("mine", who));
  const results = await getAll(wanted);
  const values = results.map(({ run }) => run.outcome.ok && run.outcome.json);
  expect(values).toEqual(['"ada"', '"bob"', '"ada"']);
});

test("a watcher learns of every commit to what the query read", async () => {
  let told = 0;
  const changed = () => (told += 1);
  const [first] = await getAll([watched("all")]);
  cache.watch(first!, changed);
  await add();
  expect([told, first!.stale]).toEqual([1, true]);
  const [second] = await getAll([watched("all")]);
  cache.watch(second!, changed);
  expect(second!.stale).toBe(false);
  await add();
  expect(told).toBe(2);
});

test("one who lets go does not take the result from one who is about to watch", async () => {
  const [result, same] = await getAll([watched("all"), watched("all")]);
  expect(same).toBe(result!);
  const nobody = () => {};
  cache.watch(result!, nobody);
  cache.unwatch(result!, nobody);
  cache.watch(same!, () => {});
  // It is told of nothing any more, so it has to see that it must ask again.
  expect(same!.stale).toBe(true);
});
