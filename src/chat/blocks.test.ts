import { expect, test } from "bun:test";
import type { MessageView } from "../data/types";
import { blocksOf, sameMessage, wordsOf } from "./blocks";

const tool = (callId: string, status: "running" | "done") =>
  ({ kind: "tool", callId, name: "terminal", status, startedAt: 1 }) as const;

const message = (parts: MessageView["parts"]) =>
  ({
    messageId: "m",
    role: "assistant",
    text: "",
    state: "running",
    createdAt: 1,
    parts,
  }) as unknown as MessageView;

test("text stored in pieces is one text, so Markdown across them holds", () => {
  const blocks = blocksOf([
    { seq: 0, body: { kind: "text", text: "**bo" } },
    { seq: 1, body: { kind: "text", text: "ld**" } },
    { seq: 2, body: tool("a", "done") },
    { seq: 3, body: tool("b", "running") },
    { seq: 4, body: { kind: "text", text: "end" } },
  ]);
  expect(blocks.map((block) => block.kind)).toEqual(["text", "tools", "text"]);
  expect(blocks[0]).toMatchObject({ text: "**bold**" });
  expect(blocks[1]).toMatchObject({
    tools: [{ callId: "a" }, { callId: "b" }],
  });
});

test("copying an answer takes its words, not its tools or thoughts", () => {
  const words = wordsOf(
    message([
      { seq: 0, body: { kind: "reasoning", text: "hm" } },
      { seq: 1, body: { kind: "text", text: "One" } },
      { seq: 2, body: tool("a", "done") },
      { seq: 3, body: { kind: "text", text: "Two" } },
    ]),
  );
  expect(words).toBe("One\n\nTwo");
});

test("a message is drawn anew only when something in it changed", () => {
  const one = message([{ seq: 0, body: tool("a", "running") }]);
  expect(sameMessage(one, structuredClone(one))).toBe(true);
  const done = message([{ seq: 0, body: tool("a", "done") }]);
  expect(sameMessage(one, done)).toBe(false);
});
