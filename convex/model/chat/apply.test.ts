import { describe, expect, test } from "bun:test";
import { applyEvents, START, type Applied, type Row } from "./apply";
import { parseEvents, type TurnEvent } from "./events";
import { MAX_PARTS, ROW_CHARS, TURN_CHARS } from "./limits";

const clock = { since: 1_000, now: 2_000 };

/** Rows as a database keeps them, fed with raw batches like the mutation does. */
class Answer {
  cursor = START;
  rows = new Map<number, Row>();
  end: Applied["end"] = null;

  feed(raw: object[], from = this.cursor.next): this {
    const events = parseEvents(
      from,
      raw.map((event, index) => ({ n: from + index, at: 1_500, ...event })),
    );
    if (!events) throw new Error("not a batch");
    return this.apply(events);
  }

  apply(events: TurnEvent[]): this {
    const tail = this.list().at(-1) ?? null;
    const tools = this.list().filter(({ body }) => body.kind === "tool");
    const applied = applyEvents(this.cursor, { tail, tools }, events, clock);
    this.cursor = applied.cursor;
    this.end = applied.end;
    for (const row of applied.rows) this.rows.set(row.seq, row);
    return this;
  }

  list(): Row[] {
    return [...this.rows.values()].sort((a, b) => a.seq - b.seq);
  }

  text(): string {
    return this.list()
      .map(({ body }) => (body.kind === "text" ? body.text : ""))
      .join("");
  }
}

const text = (delta: string) => ({ kind: "text", delta });
const tool = (callId: string, status: string, rest: object = {}) => ({
  kind: "tool",
  callId,
  name: "terminal",
  status,
  ...rest,
});

describe("words", () => {
  test("deltas grow one row; another kind begins a new one", () => {
    const answer = new Answer()
      .feed([text("Hel"), text("lo")])
      .feed([text("!"), { kind: "reasoning", delta: "hm" }, text("So")]);
    expect(answer.list().map(({ body }) => body)).toEqual([
      { kind: "text", text: "Hello!" },
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "So" },
    ]);
  });

  test("the allowance ends between characters", () => {
    const answer = new Answer()
      .feed([text("a".repeat(TURN_CHARS - 1))])
      .feed([text("🙂 and more")]);
    for (const { body } of answer.list()) {
      expect("text" in body && body.text.isWellFormed()).toBe(true);
    }
    expect(answer.text()).toContain("left out");
  });

  test("a long text is split into bounded rows, and no character is lost", () => {
    const long = "a🙂".repeat(5_000);
    const answer = new Answer().feed([text(long)]);
    expect(answer.text()).toBe(long);
    for (const { body } of answer.list()) {
      const length = "text" in body ? body.text.length : 0;
      expect(length).toBeLessThanOrEqual(ROW_CHARS + 1);
      expect("text" in body && body.text.isWellFormed()).toBe(true);
    }
  });

  test("what was seen is not taken twice, in whole or in part", () => {
    const answer = new Answer().feed([text("a"), text("b")]);
    answer.feed([text("a"), text("b")], 0).feed([text("b"), text("c")], 1);
    expect(answer.text()).toBe("abc");
    expect(answer.cursor.next).toBe(3);
  });

  test("a flood is cut once, and said so", () => {
    const answer = new Answer();
    for (let batch = 0; batch < 20; batch += 1) {
      answer.feed([text("x".repeat(TURN_CHARS / 8))]);
    }
    expect(answer.cursor.chars).toBe(TURN_CHARS);
    expect(answer.text().length).toBeLessThan(TURN_CHARS + 200);
    expect(answer.text().match(/left out/g)).toHaveLength(1);
    expect(answer.feed([{ kind: "end", reason: "complete" }]).end).toBe(
      "complete",
    );
  });
});

describe("tools", () => {
  test("events of one call make one row, wherever it stands", () => {
    const answer = new Answer()
      .feed([tool("1", "running", { label: "ls", args: { command: "ls" } })])
      .feed([text("…"), tool("2", "running")])
      .feed([tool("1", "done", { result: "a b" })]);
    expect(answer.list()).toHaveLength(3);
    expect(answer.list()[0]?.body).toEqual({
      kind: "tool",
      callId: "1",
      name: "terminal",
      status: "done",
      label: "ls",
      args: '{"command":"ls"}',
      result: "a b",
      startedAt: 1_500,
      endedAt: 1_500,
    });
  });

  test("a call that has ended does not run again", () => {
    const answer = new Answer().feed([
      tool("1", "failed", { result: "no" }),
      tool("1", "running"),
    ]);
    expect(answer.list()[0]?.body).toMatchObject({
      status: "failed",
      result: "no",
      endedAt: 1_500,
    });
  });

  test("the sandbox's clock counts only within the turn", () => {
    const answer = new Answer().feed([
      tool("1", "running", { at: 5 }),
      tool("1", "done", { at: 9e15 }),
    ]);
    expect(answer.list()[0]?.body).toMatchObject({
      startedAt: clock.since,
      endedAt: clock.now,
    });
  });

  test("thousands of calls stay within the rows a turn may have", () => {
    const answer = new Answer();
    for (let batch = 0; batch < 10; batch += 1) {
      answer.feed(
        Array.from({ length: 200 }, (_, i) => tool(`${batch}.${i}`, "running")),
      );
    }
    expect(answer.rows.size).toBe(MAX_PARTS + 1);
  });

  test("one call reported for ever uses up the allowance", () => {
    const answer = new Answer();
    const result = "r".repeat(8_000);
    for (let batch = 0; batch < 100; batch += 1) {
      answer.feed([tool("1", "running", { result })]);
    }
    expect(answer.cursor.chars).toBeLessThanOrEqual(TURN_CHARS);
  });
});

describe("errors and the end", () => {
  test("an error becomes a coded part with a way on", () => {
    const answer = new Answer().feed([
      { kind: "error", code: "model_credit", message: "Pay." },
      { kind: "end", reason: "failed" },
    ]);
    expect(answer.list()[0]?.body).toMatchObject({
      kind: "error",
      error: { code: "model_credit", message: "Pay.", retryable: false },
    });
    expect(answer.cursor.failed).toBe(true);
    expect(answer.end).toBe("failed");
  });

  test("a code we do not know reads as internal", () => {
    const answer = new Answer().feed([
      { kind: "error", code: "not_signed_in", message: "x" },
    ]);
    expect(answer.list()[0]?.body).toMatchObject({
      error: { code: "internal" },
    });
  });

  test("nothing counts after the end", () => {
    const answer = new Answer().feed([
      text("a"),
      { kind: "end", reason: "stopped" },
      text("b"),
    ]);
    expect(answer.text()).toBe("a");
    expect(answer.cursor.next).toBe(2);
  });
});

describe("what is no event", () => {
  test("is counted and ignored, so that it cannot stall the rest", () => {
    const answer = new Answer().feed([
      { kind: "text", delta: 7 },
      { kind: "surprise" },
      tool("", "running"),
      text("still here"),
    ]);
    expect(answer.cursor.next).toBe(4);
    expect(answer.text()).toBe("still here");
  });

  test("a lone surrogate is made storable", () => {
    const answer = new Answer().feed([text("a\ud800b")]);
    expect(answer.text().isWellFormed()).toBe(true);
  });

  test.each([
    ["a gap inside", [{ n: 0 }, { n: 2 }]],
    ["a start elsewhere", [{ n: 3 }]],
    ["no number", [{ kind: "text", delta: "a" }]],
    ["no list", { n: 0 }],
    ["a negative number", [{ n: -1 }]],
  ])("a batch with %s is none", (_, raw) => {
    expect(parseEvents(0, raw)).toBeNull();
  });
});
