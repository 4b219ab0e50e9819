import { expect, test } from "bun:test";
import type { SandboxRecord } from "../state/registry";
import { listPage } from "./list";

const record = (id: string, createdAt: number, more = {}) =>
  ({
    id,
    name: id,
    createdAt,
    labels: {},
    state: "started",
    ...more,
  }) as SandboxRecord;

const page = (records: SandboxRecord[], query: Record<string, string>) => {
  const { items, nextCursor } = listPage(records, new URLSearchParams(query));
  return { ids: items.map(({ id }) => id), nextCursor };
};

test("newest first; the cursor goes on where it was, whatever is deleted", () => {
  const all = ["a", "b", "c", "d"].map((id, i) => record(id, i < 2 ? 1 : 2));
  const first = page(all, { limit: "2" });
  expect(first.ids).toEqual(["d", "c"]);
  const left = all.filter(({ id }) => id !== "c");
  const cursor = first.nextCursor ?? "";
  const second = page(left, { limit: "2", cursor });
  expect(second).toEqual({ ids: ["b", "a"], nextCursor: null });
});

test("all labels must match; states are one of", () => {
  const all = [
    record("a", 1, { labels: { x: "1", y: "2" } }),
    record("b", 2, { labels: { x: "1" }, state: "stopped" }),
  ];
  expect(page(all, { labels: '{"x":"1","y":"2"}' }).ids).toEqual(["a"]);
  expect(page(all, { labels: '{"x":"1"}' }).ids).toEqual(["b", "a"]);
  expect(page(all, { states: "stopped" }).ids).toEqual(["b"]);
});

test("nonsense is refused by name", () => {
  expect(() => page([], { limit: "0" })).toThrow("limit");
  expect(() => page([], { cursor: "%%" })).toThrow("cursor");
  expect(() => page([], { labels: "[1]" })).toThrow("labels");
});
