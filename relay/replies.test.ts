import { expect, test } from "bun:test";
import { isReply } from "./replies";

const is = (text: string) => isReply(new TextEncoder().encode(text));

test.each([
  "\x1b[0n",
  "\x1b[12;40R",
  "\x1b[?1;2c",
  "\x1b[>0;276;0c",
  "\x1b[?2004;1$y",
  "\x1b[8;24;80t",
  "\x1b[I",
  "\x1b[O",
  "\x1bP1$r0m\x1b\\",
  "\x1b]11;rgb:0000/0000/0000\x1b\\",
  "\x1b[0n\x1b[0n",
])("%j is the terminal's own answer", (text) => {
  expect(is(text)).toBe(true);
});

test.each([
  "",
  "a",
  "\r",
  "\x03",
  "\x1b",
  "\x1b[A",
  "\x1bOA",
  "\x1b[3~",
  "\x1b[200~pasted\x1b[201~",
  "\x1b[<0;3;4M",
  "\x1bd",
  "\x1b[0nls\r",
  `\x1b]${"a".repeat(2_000)}`,
])("%j is somebody at the keys", (text) => {
  expect(is(text)).toBe(false);
});
