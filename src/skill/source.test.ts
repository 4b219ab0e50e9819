import { expect, test } from "bun:test";
import { linkUrl, sourceUrl } from "./source";

const skill = {
  ...{ host: "github.com", owner: "ada", repo: "tools", sha: "abc" },
  path: "skills/odd #1",
};
const BASE = "https://github.com/ada/tools/blob/abc/skills/odd%20%231";

test("the list leads to the very file it names, whatever is in the name", () => {
  for (const [path, address] of [
    ["scripts/run.sh", "scripts/run.sh"],
    ["safe.md#x.sh", "safe.md%23x.sh"],
    ["safe.md?x=y.sh", "safe.md%3Fx%3Dy.sh"],
    ["100%25.md", "100%2525.md"],
    ["a:b", "a%3Ab"],
  ]) {
    expect(sourceUrl(skill, String(path))).toBe(`${BASE}/${address}`);
  }
});

test("a link may name a place in a file, and leads out of the repository nowhere", () => {
  expect(linkUrl(skill, "guide.md#start")).toBe(`${BASE}/guide.md#start`);
  expect(linkUrl(skill, "../../README.md")).toBe(
    "https://github.com/ada/tools/blob/abc/README.md",
  );
  for (const out of ["../../../x", "/x", "//evil"]) {
    expect(linkUrl(skill, out)).toBeNull();
  }
  expect(sourceUrl({ ...skill, host: "local" }, "a")).toBeNull();
});
