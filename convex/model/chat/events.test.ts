import { expect, test } from "bun:test";
import { parseEvents, parsePulled, piecesOf } from "./events";
import { MAX_EVENTS } from "./limits";

/** What no JSON writer can follow: deeper than its stack. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

const tool = (n: number, args: unknown) => ({
  n,
  at: 1,
  kind: "tool",
  callId: "c",
  name: "terminal",
  status: "running",
  args,
});

test("arguments nested beyond measure cost only themselves", () => {
  const args = nested(500_000);
  expect(() => JSON.stringify(args)).toThrow(RangeError);
  const events = parseEvents(0, [
    tool(0, args),
    { n: 1, at: 1, kind: "text", delta: "on we go" },
  ]);
  expect(events).toMatchObject([
    { kind: "tool", callId: "c", args: "(unreadable)" },
    { kind: "text", delta: "on we go" },
  ]);
});

test("a flood in one answer is taken in parts; its end only with the last", () => {
  const total = MAX_EVENTS + 10;
  const flood = Array.from({ length: total }, (_, n) => ({ n }));
  const body = { state: "ended", next: total };
  const first = parsePulled(0, { ...body, events: flood });
  expect(first?.events).toHaveLength(MAX_EVENTS);
  expect(first?.ended).toBe(false);
  const rest = { ...body, events: flood.slice(MAX_EVENTS) };
  const last = parsePulled(MAX_EVENTS, rest);
  expect(last?.events).toHaveLength(10);
  expect(last?.ended).toBe(true);
});

test("pieces keep the order, and each is a write's worth", () => {
  const events = parseEvents(
    0,
    Array.from({ length: 600 }, (_, n) => tool(n, "x".repeat(4_000))),
  );
  const pieces = piecesOf(events ?? []);
  expect(pieces.flat()).toEqual(events ?? []);
  for (const piece of pieces) {
    expect(JSON.stringify(piece).length).toBeLessThan(1_200_000);
    expect(piece.length).toBeLessThanOrEqual(256);
  }
});
