import { describe, expect, test } from "bun:test";
import { compareValues, convexToJson, type Value } from "convex/values";
import { Random } from "../random";
import { anyValue } from "../testing/values";
import type { Json } from "./json";
import { encodeKey, encodeValue, keyFromBytes, keyToBytes, MAX } from "./keys";

const encode = (value: Value | undefined) =>
  encodeValue(value === undefined ? undefined : (convexToJson(value) as Json));

describe("an index key", () => {
  test("compares as the values do, whatever they are", () => {
    const random = new Random("order");
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = [anyValue(random), anyValue(random)];
      const [keyA, keyB] = [encode(a), encode(b)];
      const byKey = keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
      expect(Math.sign(compareValues(a, b)), `${keyA} ${keyB}`).toBe(byKey);
    }
  });

  test("of a missing field comes first", () => {
    const random = new Random("missing");
    for (let i = 0; i < 200; i++) {
      expect(encode(undefined) < encode(anyValue(random))).toBe(true);
    }
  });

  test("is never the beginning of another value's", () => {
    const random = new Random("prefix");
    const keys = Array.from({ length: 300 }, () => encode(anyValue(random)));
    const begun = (key: string) =>
      keys.filter((other) => other !== key && other.startsWith(key));
    expect(keys.flatMap(begun)).toEqual([]);
    expect(keys.every((key) => key < key + MAX)).toBe(true);
  });

  test("keeps its bytes and its order in the file", () => {
    const random = new Random("bytes");
    const keys = Array.from({ length: 500 }, () =>
      encodeKey([convexToJson(anyValue(random)) as Json, 1]),
    );
    const bytes = keys.map(keyToBytes);
    expect(bytes.map(keyFromBytes)).toEqual(keys);
    const inOrder = [...bytes].sort(Buffer.compare).map(keyFromBytes);
    expect(inOrder).toEqual(
      [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    );
  });
});
