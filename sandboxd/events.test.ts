import { expect, test } from "bun:test";
import { TurnLog } from "./events";

const text = (delta: string) => ({ kind: "text" as const, delta });

test("deltas nobody has read grow together, others are numbered on", () => {
  const log = new TurnLog(() => 7);
  log.add(text("a"));
  log.add(text("b"));
  log.add({ kind: "reasoning", delta: "why" });
  log.add(text("c"));
  expect(log.read(0, Infinity)).toEqual([
    { n: 0, at: 7, kind: "text", delta: "ab" },
    { n: 1, at: 7, kind: "reasoning", delta: "why" },
    { n: 2, at: 7, kind: "text", delta: "c" },
  ]);
});

test("what was read never changes", () => {
  const log = new TurnLog();
  log.add(text("a"));
  const before = structuredClone(log.read(0, Infinity));
  log.add(text("b"));
  expect(log.read(0, Infinity, 1)).toEqual(before);
  expect(log.next).toBe(2);
});

test("nothing comes after the end", () => {
  const log = new TurnLog();
  log.add({ kind: "end", reason: "complete" });
  log.add(text("late"));
  log.add({ kind: "end", reason: "failed" });
  expect(log.read(0, Infinity)).toHaveLength(1);
  expect(log.ended).toBe(true);
});

test("it is full beyond 4 MiB, also by deltas that grow", () => {
  const log = new TurnLog();
  for (let i = 0; i < 5; i++) log.add(text("x".repeat(1024 * 1024)));
  expect(log.full).toBe(true);
});

test("a page ends before it is too large, and holds at least one event", () => {
  const log = new TurnLog();
  for (const delta of ["x".repeat(100_000), "y".repeat(100_000), "z"]) {
    log.add(text(delta));
  }
  expect(log.next).toBe(3); // a delta grows to a bound, then the next begins
  expect(log.read(0, 150_000).map(({ n }) => n)).toEqual([0]);
  expect(log.read(1, 10).map(({ n }) => n)).toEqual([1]);
  expect(log.read(1, 150_000).map(({ n }) => n)).toEqual([1, 2]);
  expect(log.read(3, 10)).toEqual([]);
});
