import { describe, expect, test } from "bun:test";
import {
  COMPLETION_TOKENS,
  LARGEST_CONTEXT,
  TURN_REQUESTS,
  TURN_TOKENS,
} from "./limits";
import { charge, contextOf, estimate, settled, UNSPENT } from "./spending";

describe("what a request may come to", () => {
  test("its text, and what it allows the model to say", () => {
    expect(estimate("x".repeat(4_000), 500, 131_072)).toBe(1_500);
  });

  test("with no word on the answer: a long one", () => {
    const tokens = estimate("x".repeat(4_000), null, 131_072);
    expect(tokens).toBe(1_000 + COMPLETION_TOKENS);
  });

  test("never more than the model can hold: pictures are long in text only", () => {
    expect(estimate("x".repeat(8_000_000), 1e12, 131_072)).toBe(131_072);
    expect(estimate("x", -5, 131_072)).toBe(1);
  });

  test("a model the provider does not name may hold far more than its own", () => {
    const provider = { defaultModel: "own", contextLength: 131_072 };
    expect(contextOf(provider, "own")).toBe(131_072);
    expect(contextOf(provider, "vast")).toBe(LARGEST_CONTEXT);
    const none = { ...provider, defaultModel: null };
    expect(contextOf(none, "own")).toBe(LARGEST_CONTEXT);
    const vast = { defaultModel: null, contextLength: 2_000_000 };
    expect(contextOf(vast, "any")).toBe(2_000_000);
  });
});

describe("a turn's allowance", () => {
  test("is charged in full before, and for what it was after", () => {
    const first = charge(undefined, 1_000);
    expect(first).toEqual({ ok: true, spent: { requests: 1, tokens: 1_000 } });
    const usage = { promptTokens: 200, completionTokens: 50 };
    expect(settled({ requests: 1, tokens: 1_000 }, 1_000, usage)).toEqual({
      requests: 1,
      tokens: 250,
    });
  });

  test("what nobody counted stays charged", () => {
    const spent = { requests: 3, tokens: 5_000 };
    expect(settled(spent, 1_000, null)).toEqual(spent);
  });

  test("more than was reserved is charged too, and no number breaks it", () => {
    const wild = { promptTokens: 1e300, completionTokens: 0.5 };
    const spent = settled({ requests: 1, tokens: 10 }, 10, wild);
    expect(spent.tokens).toBe(Number.MAX_SAFE_INTEGER);
    expect(settled(UNSPENT, 10, null).tokens).toBe(0);
  });

  test("what others give back does not let a turn go on that used too much", () => {
    const both = { requests: 2, tokens: 2_000_000 };
    const most = { promptTokens: 2 * TURN_TOKENS, completionTokens: 0 };
    const none = { promptTokens: 0, completionTokens: 0 };
    const first = settled(both, 1_000_000, most);
    const second = settled(first, 1_000_000, none);
    expect(second.tokens).toBe(2 * TURN_TOKENS);
    expect(charge(second, 1).ok).toBe(false);
  });

  test("ends with the last request", () => {
    const last = { requests: TURN_REQUESTS - 1, tokens: 0 };
    expect(charge(last, 1).ok).toBe(true);
    expect(charge({ ...last, requests: TURN_REQUESTS }, 1)).toMatchObject({
      ok: false,
      error: { code: "model_budget", message: expect.stringContaining("100") },
    });
  });

  test("ends with the tokens; those reserved count", () => {
    const near = { requests: 1, tokens: TURN_TOKENS - 10 };
    expect(charge(near, 10).ok).toBe(true);
    expect(charge(near, 11)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("tokens") },
    });
  });
});
