import { describe, expect, test } from "bun:test";
import { parseCompletion, turnOf } from "./completion";

const request = (more: object) =>
  JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...more });

test("the length of the answer it allows is known", () => {
  const answerOf = (more: object) => parseCompletion(request(more), "m");
  expect(answerOf({})?.answer).toBeNull();
  expect(answerOf({ max_tokens: 7 })?.answer).toBe(7);
  expect(answerOf({ max_tokens: 7, max_completion_tokens: 9 })?.answer).toBe(9);
});

test("of its two names the larger counts, and nothing below one", () => {
  const answerOf = (more: object) => parseCompletion(request(more), "m");
  expect(answerOf({ max_tokens: 9, max_completion_tokens: 7 })?.answer).toBe(9);
  expect(answerOf({ max_tokens: 9, max_completion_tokens: 0 })?.answer).toBe(9);
  expect(answerOf({ max_tokens: 0 })?.answer).toBeNull();
  expect(answerOf({ max_completion_tokens: -5 })?.answer).toBeNull();
});

describe("what the sandbox may not choose", () => {
  const passedOn = (more: object): unknown => {
    const parsed = parseCompletion(request(more), "m");
    return parsed && JSON.parse(parsed.body);
  };
  const look = { name: "look", description: "Looks.", parameters: {} };
  const own = { type: "function", function: look };

  test("tools of the agent's own are passed on, with what is known of them", () => {
    const tools = [{ ...own, engine: "dear", function: { ...look, x: 1 } }];
    expect(passedOn({ tools, tool_choice: "auto" })).toMatchObject({
      tools: [own],
      tool_choice: "auto",
    });
    expect(JSON.stringify(passedOn({ tools }))).not.toMatch(/engine|"x"/);
    const tool_choice = { type: "function", function: { name: "look" } };
    expect(passedOn({ tools, tool_choice })).toMatchObject({ tool_choice });
  });

  test.each([
    { type: "openrouter:advisor", parameters: { model: "dearest" } },
    { type: "openrouter:web_search" },
    { type: "web_search_preview" },
    { type: "image_generation", function: look },
    { type: "function" },
    "web_search",
  ])("a tool that runs at the provider makes it no request: %j", (tool) => {
    expect(passedOn({ tools: [own, tool] })).toBeNull();
  });

  test.each([
    { tool_choice: { type: "openrouter:web_search" } },
    { response_format: { type: "image" } },
    { reasoning: "dear" },
  ])("nor is one with %j", (more) => {
    expect(passedOn(more)).toBeNull();
  });

  test("of reasoning only what costs no more than its answer may", () => {
    const reasoning = { enabled: true, effort: "high" };
    expect(
      passedOn({ reasoning: { ...reasoning, max_tokens: 1e6 } }),
    ).toHaveProperty("reasoning", reasoning);
  });

  test("the form of an answer is free", () => {
    const json_schema = { name: "one", schema: { type: "object" } };
    const response_format = { type: "json_schema", json_schema };
    expect(passedOn({ response_format })).toMatchObject({ response_format });
  });
});

test.each([1_000, 50_000])(
  "nesting %i deep is a request or none, never a crash",
  (depth) => {
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const text = `{"messages":[{"role":"user","content":${deep}}]}`;
    const parsed = parseCompletion(text, "m");
    expect(parsed === null || parsed.body.includes(deep)).toBe(true);
  },
);

describe("whose turn a request is", () => {
  const turn = (turnId: string, text: string, tokens?: number) => ({
    turnId,
    text,
    ...(tokens !== undefined && { spent: { requests: 1, tokens } }),
  });

  test("the one that says most of what the user said, whichever began first", () => {
    const turns = [
      turn("short", "go on"),
      turn("long", "go on with the tests"),
    ];
    const words = "Context.\n\ngo on with the tests";
    expect(turnOf(turns, words)?.turnId).toBe("long");
    expect(turnOf(turns.toReversed(), words)?.turnId).toBe("long");
    expect(turnOf(turns, "go on")?.turnId).toBe("short");
  });

  test("of two that say the same the one that has spent least", () => {
    const turns = [turn("much", "go on", 700), turn("little", "go on", 7)];
    expect(turnOf(turns, "go on")?.turnId).toBe("little");
    expect(turnOf(turns.toReversed(), "go on")?.turnId).toBe("little");
    const nothing = [...turns, turn("nothing", "go on")];
    expect(turnOf(nothing, "go on")?.turnId).toBe("nothing");
  });

  test("the newest where none says any of it", () => {
    const turns = [turn("old", "go on", 7), turn("new", "stop there", 700)];
    expect(turnOf(turns, "a title for this")?.turnId).toBe("new");
    expect(turnOf([], "a title for this")).toBeUndefined();
  });
});
