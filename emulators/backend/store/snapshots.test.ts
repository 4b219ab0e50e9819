import { afterEach, expect, test } from "bun:test";
import { defineSchema, defineTable } from "convex/server";
import { convexToJson, v } from "convex/values";
import { Engine } from "../engine";
import { realClock } from "../clock";
import { Random } from "../random";
import { readSchema } from "../schema";
import {
  deleteDocument,
  getDocument,
  insertDocument,
  patchDocument,
} from "../transaction/documents";
import { planQuery } from "../transaction/plan";
import { DocumentStream } from "../transaction/stream";
import type { Scope, Transaction } from "../transaction/transaction";
import type { Json } from "../values/json";
import { Store } from "./database";

const schema = defineSchema({
  items: defineTable({ rank: v.number() }).index("by_rank", ["rank"]),
});

const stores: Store[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

function newEngine(): Engine {
  const store = new Store(":memory:");
  stores.push(store);
  const schemas = new Map([["", readSchema(schema)]]);
  return new Engine(store, schemas, realClock, "seed", () => {});
}

function write<T>(engine: Engine, work: (scope: Scope) => T): T {
  const transaction = engine.begin(true);
  try {
    const result = work(transaction.root);
    engine.commit(transaction);
    return result;
  } finally {
    engine.end(transaction);
  }
}

function ranks(
  engine: Engine,
  transaction: Transaction,
  order: "asc" | "desc" = "asc",
) {
  const plan = planQuery(engine, "", {
    source: {
      type: "IndexRange",
      indexName: "items.by_rank",
      range: [],
      order,
    },
    operators: [],
  });
  const stream = new DocumentStream(transaction.root, plan);
  const found: number[] = [];
  for (let one = stream.next(); one !== null; one = stream.next()) {
    found.push(one.json["rank"] as number);
  }
  return found;
}

const insert = (engine: Engine, rank: number) =>
  write(engine, (scope) =>
    insertDocument(engine, scope, engine.catalog.createTable("items"), {
      rank,
    }),
  );

test("a reader sees one moment, whatever commits while it reads", () => {
  const engine = newEngine();
  const random = new Random("moment");
  const table = engine.catalog.createTable("items");
  const ids = Array.from({ length: 100 }, (_, i) => insert(engine, i));
  const readers: { transaction: Transaction; expected: number[] }[] = [];
  for (let round = 0; round < 200; round++) {
    const upTo = (n: number) => Math.floor(random.float() * n);
    const at = upTo(ids.length);
    const kind = upTo(4);
    if (kind === 0) ids.push(insert(engine, upTo(1_000)));
    else if (kind === 1 && ids.length > 1) {
      const [id] = ids.splice(at, 1);
      write(engine, (scope) => deleteDocument(scope, table, id as string));
    } else if (kind === 2) {
      const value = { rank: upTo(1_000) };
      write(engine, (scope) =>
        patchDocument(engine, scope, table, ids[at] as string, value),
      );
    } else {
      const transaction = engine.begin(false);
      readers.push({ transaction, expected: ranks(engine, transaction) });
    }
  }
  expect(readers.length).toBeGreaterThan(10);
  for (const { transaction, expected } of readers) {
    expect(ranks(engine, transaction)).toEqual(expected);
    expect(ranks(engine, transaction, "desc")).toEqual([...expected].reverse());
    engine.end(transaction);
  }
});

test("a commit that touches what a transaction has read makes it conflict", () => {
  const engine = newEngine();
  const table = engine.catalog.createTable("items");
  const id = insert(engine, 1);
  const reading = (
    read: (scope: Scope) => unknown,
    meanwhile: () => unknown,
  ) => {
    const transaction = engine.begin(true);
    read(transaction.root);
    insertDocument(engine, transaction.root, table, { rank: 500 });
    meanwhile();
    const commit = () => engine.commit(transaction);
    return { commit, end: () => engine.end(transaction) };
  };
  const first10 = (scope: Scope) => {
    const plan = planQuery(engine, "", {
      source: {
        type: "IndexRange",
        indexName: "items.by_rank",
        range: [
          { type: "Lt", fieldPath: "rank", value: convexToJson(10) as Json },
        ],
        order: null,
      },
      operators: [],
    });
    const stream = new DocumentStream(scope, plan);
    while (stream.next() !== null);
  };

  const inRange = reading(first10, () => insert(engine, 5));
  expect(inRange.commit).toThrow("changed while");
  inRange.end();
  const outside = reading(first10, () => insert(engine, 50));
  expect(outside.commit).not.toThrow();
  outside.end();
  const point = reading(
    (scope) => getDocument(scope, table, id),
    () =>
      write(engine, (scope) =>
        patchDocument(engine, scope, table, id, { rank: 2 }),
      ),
  );
  expect(point.commit).toThrow("changed while");
  point.end();
});
