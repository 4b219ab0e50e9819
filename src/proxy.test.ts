import { expect, test } from "bun:test";
// Next's own: it is what makes an expression of the matcher.
import { pathToRegexp } from "next/dist/compiled/path-to-regexp";
import { config } from "./proxy";

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
