import { expect, test } from "bun:test";
import { localPath, signInPath } from "./routes";

test("signing in leads back to the page it came from", () => {
  expect(signInPath("/a/b/c")).toBe("/sign-in?next=%2Fa%2Fb%2Fc" as never);
  expect(localPath("/a/b/c?x=1#y")).toBe("/a/b/c?x=1#y");
});

test("and never to another site", () => {
  for (const trick of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "\t//evil.example",
    "/\t/evil.example",
    "",
    null,
    undefined,
  ]) {
    expect(localPath(trick)).toBe("/");
  }
});

test("nor when only its resolved form would lead there", () => {
  for (const [next, path] of [
    ["/.//evil.example", "/evil.example"],
    ["/a/..//evil.example", "/evil.example"],
    ["/./////evil.example?x#y", "/evil.example?x#y"],
    ["/%2e//evil.example", "/evil.example"],
    ["/.\\/evil.example", "/"],
    ["/a\\..\\\\evil.example", "/"],
    ["/a\n/.//evil.example", "/a//evil.example"],
  ]) {
    expect(localPath(next)).toBe(path as string);
    // As a browser reads it.
    const { host } = new URL(localPath(next), "https://slipway.example/x");
    expect(host).toBe("slipway.example");
  }
});
