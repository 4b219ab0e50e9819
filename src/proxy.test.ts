import { expect, test } from "bun:test";
import { config } from "./proxy";

/** Next's own, which makes an expression of the matcher; it comes without types. */
const { pathToRegexp } = (await import(
  "next/dist/compiled/path-to-regexp" as string
)) as { pathToRegexp: (source: string) => RegExp };

const [matcher] = config.matcher;
const isMatched = (path: string) =>
  pathToRegexp(matcher!.source).exec(path) !== null;

test.each([
  "/",
  "/anthropics/skills/pdf",
  "/icon-svg/repo/skill",
  "/badge-svgs/x/y",
  "/favicon-ico/a/b",
  "/badge.svg/x/y",
  "/apis/x/y",
])("the page %s has a policy", (path) => {
  expect(isMatched(path)).toBe(true);
});

test.each([
  "/api/v1/me",
  "/_next/static/chunk.js",
  "/badge.svg",
  "/icon.svg",
  "/apple-icon.png",
  "/favicon.ico",
])("%s is no page", (path) => {
  expect(isMatched(path)).toBe(false);
});
