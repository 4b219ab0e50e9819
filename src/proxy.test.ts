import { expect, test } from "bun:test";
import { config } from "./proxy";

/** Next's own, which makes an expression of the matcher; it comes without types. */
const { pathToRegexp } = (await import(
  "next/dist/compiled/path-to-regexp" as string
)) as { pathToRegexp: (source: string) => RegExp };

const [matcher] = config.matcher;

test.each([
  ["/", true],
  ["/anthropics/skills/pdf", true],
  ["/icon-svg/repo/skill", true],
  ["/badge-svgs/x/y", true],
  ["/favicon-ico/a/b", true],
  ["/badge.svg/x/y", true],
  ["/apis/x/y", true],
  ["/api/v1/me", false],
  ["/_next/static/chunk.js", false],
  ["/badge.svg", false],
  ["/icon.svg", false],
  ["/apple-icon.png", false],
  ["/favicon.ico", false],
])("a page's policy for %s: %p", (path, has) => {
  expect(pathToRegexp(matcher!.source).test(path)).toBe(has);
});
