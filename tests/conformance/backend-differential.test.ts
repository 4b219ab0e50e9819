import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { convexTest, type TestConvex } from "convex-test";
import type { IndexRange } from "convex/server";
import { compareValues, type Value } from "convex/values";
import schema from "../../emulators/backend/fixtures/chat/schema";
import { Random } from "../../emulators/backend/random";
import { anyValue } from "../../emulators/backend/testing/values";
import type { AnyMutationCtx as Ctx, Backend } from "../../emulators/backend";
import { Cleanup } from "./backend-harness";

/**
 * The same programs on this backend and on convex-test, the vendor's own
 * model. Documents are compared without what each chooses for itself: ids are
 * numbered in order of appearance, creation times are left out.
 */
type Program = (ctx: Ctx, random: Random, ids: string[]) => Promise<unknown>;

const cleanup = new Cleanup();
let backend: Backend;
let model: TestConvex<typeof schema>;

beforeAll(async () => {
  backend = await cleanup.backend("chat");
  model = convexTest(schema, {
    "/convex/_generated/api.ts": async () => ({}),
  });
});
afterAll(() => cleanup.run());

async function both(seed: string, program: Program): Promise<unknown> {
  const run = async (
    transaction: (body: (ctx: Ctx) => Promise<string>) => Promise<string>,
  ) => {
    const ids: string[] = [];
    return transaction(async (ctx) => {
      for (const table of ["things", "messages"]) {
        for (const row of await ctx.db.query(table).collect())
          await ctx.db.delete(row._id);
      }
      const result = await program(ctx, new Random(seed), ids);
      return describeValue(result, ids);
    });
  };
  const ours = await run((body) => backend.transaction(body));
  const theirs = await run((body) => model.run(body as never));
  expect(ours).toBe(theirs);
  return ours;
}

/** Everything that can be told apart, as text. */
function describeValue(value: unknown, ids: string[]): string {
  if (typeof value === "string" && ids.includes(value))
    return `#${ids.indexOf(value)}`;
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (value === null || typeof value !== "object")
    return JSON.stringify(value) ?? "undefined";
  if (value instanceof ArrayBuffer)
    return `bytes(${Buffer.from(value).toString("hex")})`;
  if (value instanceof Error) return "an error";
  if (Array.isArray(value))
    return `[${value.map((item) => describeValue(item, ids)).join()}]`;
  const fields = Object.entries(value)
    .filter(([name]) => name !== "_creationTime")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${name}:${describeValue(item, ids)}`);
  return `{${fields.join()}}`;
}

const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random.float() * from.length)] as T;

async function insertThings(
  ctx: Ctx,
  random: Random,
  ids: string[],
  count: number,
) {
  const values: (Value | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const value = random.float() < 0.1 ? undefined : anyValue(random);
    values.push(value);
    ids.push(
      await ctx.db.insert("things", value === undefined ? {} : { value }),
    );
  }
  return values;
}

describe("the same as convex-test", () => {
  test.each(["a", "b", "c"])(
    "index ranges and orders over values of all kinds (%s)",
    async (seed) => {
      await both(seed, async (ctx, random, ids) => {
        const values = await insertThings(ctx, random, ids, 60);
        const results: unknown[] = [];
        for (let i = 0; i < 40; i++) {
          const [one, other] = [pick(random, values), pick(random, values)];
          const [low, high] =
            compareValues(one, other) <= 0 ? [one, other] : [other, one];
          const shape = Math.floor(random.float() * 6);
          const rows = ctx.db.query("things").withIndex("by_value", (q) => {
            const range = q as unknown as Steps;
            if (shape === 0) return range;
            if (shape === 1) return range.eq("value", low);
            if (shape === 2) return range.gt("value", low);
            if (shape === 3) return range.gte("value", low).lt("value", high);
            if (shape === 4) return range.gt("value", low).lte("value", high);
            return range.lte("value", high);
          });
          const ordered = rows.order(random.float() < 0.5 ? "asc" : "desc");
          results.push(
            random.float() < 0.5
              ? await ordered.collect()
              : await ordered.take(5),
          );
        }
        return results;
      });
    },
  );

  test.each(["d", "e"])("filters (%s)", async (seed) => {
    await both(seed, async (ctx, random, ids) => {
      const values = await insertThings(ctx, random, ids, 40);
      const results: unknown[] = [];
      for (let i = 0; i < 40; i++) {
        const [one, other] = [pick(random, values), pick(random, values)];
        const rows = await ctx.db
          .query("things")
          .filter((q) =>
            q.or(
              q.eq(q.field("value"), one as Value),
              q.and(
                q.neq(q.field("value"), other as Value),
                q.not(q.eq(q.field("value.a"), 1)),
              ),
            ),
          )
          .order(pick(random, ["asc", "desc"] as const))
          .collect();
        results.push(rows);
      }
      return results;
    });
  });

  test.each(["f", "g", "h"])(
    "writes and what they leave (%s)",
    async (seed) => {
      await both(seed, async (ctx, random, ids) => {
        const results: unknown[] = [];
        await insertThings(ctx, random, ids, 10);
        for (let i = 0; i < 60; i++) {
          const id = pick(random, ids) as never;
          const step = Math.floor(random.float() * 6);
          const attempt = async (): Promise<unknown> => {
            switch (step) {
              case 0:
                return insertThings(ctx, random, ids, 1).then(() => null);
              case 1:
                return ctx.db.patch(id, { value: anyValue(random) });
              case 2:
                return ctx.db.patch(id, { value: undefined });
              case 3:
                return ctx.db.replace(
                  id,
                  random.float() < 0.5 ? {} : { value: anyValue(random) },
                );
              case 4:
                return ctx.db.patch(id, { unknown: 1 });
              default:
                return random.float() < 0.4
                  ? ctx.db.delete(id)
                  : ctx.db.get(id);
            }
          };
          results.push(await attempt().catch((error: unknown) => error));
          results.push(await ctx.db.get(id));
        }
        results.push(await ctx.db.query("things").collect());
        results.push(
          await ctx.db.query("things").withIndex("by_value").collect(),
        );
        return results;
      });
    },
  );

  test.each(["i", "j", "k"])("pages (%s)", async (seed) => {
    const random = new Random(seed);
    const rows = Array.from({ length: 30 }, (_, i) => ({
      channel: pick(random, ["a", "b"]),
      body: `${i}`,
      likes: Math.floor(random.float() * 5),
    }));
    const order = pick(random, ["asc", "desc"] as const);
    const numItems = 1 + Math.floor(random.float() * 7);
    const pages = async (run: Transact) => {
      await run(async (ctx) => {
        for (const row of await ctx.db.query("messages").collect()) {
          await ctx.db.delete(row._id);
        }
        for (const row of rows) await ctx.db.insert("messages", row);
        return null;
      });
      const seen: unknown[] = [];
      for (let cursor: string | null = null, done = false; !done;) {
        const at: string | null = cursor;
        const page = (await run(async (ctx) => {
          const { page, ...rest } = await ctx.db
            .query("messages")
            .withIndex("by_channel_and_likes", (q) => q.eq("channel", "a"))
            .filter((q) => q.neq(q.field("likes"), 3))
            .order(order)
            .paginate({ numItems, cursor: at });
          return { ...rest, bodies: page.map((row) => row.body as string) };
        })) as Page;
        seen.push([page.bodies, page.isDone, page.pageStatus]);
        cursor = page.continueCursor;
        done = page.isDone;
      }
      return seen;
    };
    const ours = await pages((body) => backend.transaction(body));
    const theirs = await pages((body) => model.run(body as never));
    expect(ours).toEqual(theirs);
  });
});

type Transact = (body: (ctx: Ctx) => Promise<unknown>) => Promise<unknown>;
/** The builder's own type narrows with each step; here the steps vary. */
type Steps = IndexRange &
  Record<
    "eq" | "gt" | "gte" | "lt" | "lte",
    (field: string, value: Value | undefined) => Steps
  >;
type Page = {
  bodies: string[];
  isDone: boolean;
  continueCursor: string;
  pageStatus: string | null;
};
