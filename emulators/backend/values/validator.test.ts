import { describe, expect, test } from "bun:test";
import {
  convexToJson,
  v,
  type GenericValidator,
  type Value,
} from "convex/values";
import type { Json } from "./json";
import { mismatch, type Validator } from "./validator";

const tableOfId = (id: string) => (id.startsWith("id_") ? id.slice(3) : null);
const check = (validator: GenericValidator, value: Value) =>
  mismatch(
    (validator as unknown as { json: Validator }).json,
    convexToJson(value) as Json,
    tableOfId,
  );

describe("a value fits", () => {
  const shape = v.object({
    id: v.id("users"),
    kind: v.union(v.literal("a"), v.literal(2), v.literal(3n)),
    tags: v.array(v.string()),
    counts: v.record(v.string(), v.number()),
    big: v.optional(v.int64()),
    data: v.optional(v.bytes()),
    any: v.optional(v.any()),
  });
  const good = { id: "id_users", kind: 3n, tags: ["x"], counts: { a: NaN } };

  test.each<[string, Value]>([
    ["as it is", good],
    [
      "with optional fields",
      { ...good, big: 1n, data: new ArrayBuffer(2), any: [null] },
    ],
  ])("%s", (_name, value) => {
    expect(check(shape, value)).toBeNull();
  });

  test.each<[string, Value, string]>([
    [
      "missing a field",
      { id: "id_users" },
      "missing the required field `kind`",
    ],
    ["with one too many", { ...good, more: 1 }, "extra field `more`"],
    [
      "with an id of another table",
      { ...good, id: "id_posts" },
      "from table `posts`",
    ],
    ["with no id at all", { ...good, id: "x" }, "Path: .id"],
    ["with a wrong literal", { ...good, kind: 3 }, "Path: .kind"],
    ["with a wrong element", { ...good, tags: ["a", 1] }, "Path: .tags[1]"],
    ["with a wrong entry", { ...good, counts: { a: "1" } }, "Path: .counts.a"],
    [
      "with a float for an integer",
      { ...good, big: 1 },
      "Validator: v.int64()",
    ],
  ])("but not %s", (_name, value, words) => {
    expect(check(shape, value)).toContain(words);
  });
});

test("a union of states is explained by the state that was meant", () => {
  const state = v.union(
    v.object({ kind: v.literal("idle") }),
    v.object({ kind: v.literal("busy"), since: v.number() }),
  );
  expect(check(state, { kind: "busy" })).toContain("`since`");
});
