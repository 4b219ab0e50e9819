import { expect, test } from "bun:test";
import { isTangled } from "./tangled";

test.each([
  ["quotes", ">".repeat(60)],
  ["quotes apart", `${"> ".repeat(60)}a`],
  ["lists on a line", `${"- ".repeat(60)}a`],
  ["numbers on a line", `${"1. ".repeat(60)}a`],
  ["many levels in all", `${">".repeat(30)}a\n\n`.repeat(200)],
  ["emphasis", "*a ".repeat(1_500)],
  ["emphasis of two lengths", "**a* ".repeat(1_500)],
  ["emphasis that the rule of three keeps open", "*a**b ".repeat(1_500)],
  ["underscores", `${"_a ".repeat(1_500)}${"a_ ".repeat(1_500)}`],
  ["pictures", "![".repeat(1_500)],
  ["lines", "a\n".repeat(6_000)],
  ["characters", "a".repeat(100_001)],
])("%s: too much of it", (_, text) => {
  expect(isTangled(text)).toBe(true);
});

test.each([
  [
    "words",
    "Some *words*, **more**, a_b_c, 2*3*4 and **/*.ts.\n\n".repeat(900),
  ],
  [
    "another script",
    "- \u4e2d\u6587**\u7c97\u4f53**\u4e2d\u6587\u3002\n".repeat(400),
  ],
  ["links", "See [this](a) and [that][b].\n".repeat(2_000)],
  ["a list", "- one\n  - two\n    - three\n".repeat(1_000)],
  ["a quoted thread", "> > > a\n> > b\n> c\n".repeat(500)],
])("%s: as people write it", (_, text) => {
  expect(isTangled(text)).toBe(false);
});
