import { expect, test } from "bun:test";
import { parseCompletion } from "./completion";

const request = (more: object) =>
  JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...more });

test("the length of the answer it allows is known", () => {
  const answerOf = (more: object) => parseCompletion(request(more), "m");
  expect(answerOf({})?.answer).toBeNull();
  expect(answerOf({ max_tokens: 7 })?.answer).toBe(7);
  expect(answerOf({ max_tokens: 7, max_completion_tokens: 9 })?.answer).toBe(9);
});

test.each([1_000, 50_000])(
  "nesting %i deep is a request or none, never a crash",
  (depth) => {
    const tools = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const text = `{"messages":[{"role":"user"}],"tools":${tools}}`;
    const parsed = parseCompletion(text, "m");
    expect(parsed === null || parsed.body.includes(tools)).toBe(true);
  },
);
