import { expect, test } from "bun:test";
import { originHead, parseHead } from "./head";

const bytes = (text: string) => Buffer.from(text, "latin1");

test("a head that is not complete yet is waited for, to a limit", () => {
  expect(parseHead(bytes("GET http://a/ HTTP/1.1\r\nHost:"))).toBeNull();
  expect(parseHead(bytes("x".repeat(40_000)))).toBe("malformed");
});

test("what could be read in two ways is not read at all", () => {
  for (const text of [
    "GET  http://a/ HTTP/1.1\r\n\r\n",
    "GET http://a/ HTTP/2\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nno colon\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nName : x\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\n folded\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
  ]) {
    expect(`${text} ${parseHead(bytes(text))}`).toBe(`${text} malformed`);
  }
});

test("the upstream gets origin form, its own Host and no forged origin", () => {
  const parsed = parseHead(
    bytes(
      "POST http://a.internal/p?q HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Slipway-Sandbox: other\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
    ),
  );
  if (!parsed || parsed === "malformed") throw new Error("expected a head");
  expect(parsed.bodyAt).toBeGreaterThan(100);
  expect(
    originHead(parsed.head, new URL(parsed.head.target), "sandbox-1"),
  ).toBe(
    "POST /p?q HTTP/1.1\r\nHost: a.internal\r\nContent-Length: 2\r\nVia: 1.1 sandbox-egress\r\nX-Slipway-Sandbox: sandbox-1\r\nConnection: close\r\n\r\n",
  );
});
