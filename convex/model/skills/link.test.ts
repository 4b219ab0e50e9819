import { describe, expect, test } from "bun:test";
import { pagePath, skillKey } from "./key";
import { linkOfSegments, parseLink } from "./link";
import { pathOnBranch } from "./resolution";

function shape(text: string): string {
  const parsed = parseLink(text, { ownHosts: ["slipway.example"] });
  if (!parsed.ok) return parsed.code;
  const { host, owner, repo, path, refAndPath } = parsed.link;
  const at = refAndPath === null ? "" : ` at ${refAndPath}`;
  return `${host ?? "any"} ${owner}/${repo} [${path}]${at}`;
}

describe("links people paste", () => {
  test.each([
    ["o/r", "any o/r []"],
    ["o/r/skill", "any o/r [skill]"],
    ["/o/r/skill/", "any o/r [skill]"],
    ["  O/R/Skill  ", "any o/r [Skill]"],
    ["o/r/nested/Path", "any o/r [nested/Path]"],
    ["o/r.git", "any o/r []"],
    ["o/r/skill?tab=readme#top", "any o/r [skill]"],
    ["o/r/skills/pdf/SKILL.md", "any o/r [skills/pdf]"],
    ["gh/api/repo/skill", "any api/repo [skill]"],
    ["local/o/r/skills/pdf", "local o/r [skills/pdf]"],
    ["github.com/o/r/skills/pdf", "github.com o/r [skills/pdf]"],
    ["https://github.com/o/r", "github.com o/r []"],
    ["HTTPS://WWW.GitHub.com/O/R/", "github.com o/r []"],
    ["https://github.com/o/r.git", "github.com o/r []"],
    ["git@github.com:o/r.git", "github.com o/r []"],
    ["https://github.com/o/r?tab=readme-ov-file#readme", "github.com o/r []"],
    [
      "https://github.com/o/r/tree/main/skills/pdf",
      "github.com o/r [] at main/skills/pdf",
    ],
    [
      "https://github.com/o/r/blob/a/b/skills/pdf/SKILL.md",
      "github.com o/r [] at a/b/skills/pdf",
    ],
    [
      "https://raw.githubusercontent.com/o/r/main/skills/pdf/SKILL.md",
      "github.com o/r [] at main/skills/pdf",
    ],
    [
      "https://raw.githubusercontent.com/o/r/refs/heads/main/pdf/skill.md",
      "github.com o/r [] at main/pdf",
    ],
    [
      "https://raw.githubusercontent.com/o/r/refs/tags/v1/pdf/SKILL.md",
      "github.com o/r [] at v1/pdf",
    ],
    [
      "https://github.com/o/r/blob/refs/tags/v1/pdf/SKILL.md",
      "github.com o/r [] at v1/pdf",
    ],
    [
      "https://github.com/o/r/tree/refs/heads/a/b/pdf",
      "github.com o/r [] at a/b/pdf",
    ],
    ["https://github.com/o/r/tree/refs/tags", "github.com o/r [] at refs/tags"],
    ["http://127.0.0.1:3000/o/r/skill", "any o/r [skill]"],
    ["localhost:3000/o/r/skill", "any o/r [skill]"],
    ["https://slipway.example/gh/api/r/skill", "any api/r [skill]"],
    ["o/r/my%20skill", "any o/r [my skill]"],
    ["o/r/my skill", "any o/r [my skill]"],
  ])("%s", (text, expected) => {
    expect(shape(text)).toBe(expected);
  });
});

describe("links that are refused", () => {
  test.each([
    ["", "bad_link"],
    ["word", "bad_link"],
    ["two words/x", "bad_link"],
    ["please open o/r/x", "bad_link"],
    ["o/r/a\u00a0b", "bad_link"],
    ["o/r/../x", "bad_link"],
    ["o/r/./x", "bad_link"],
    ["o//r", "bad_link"],
    ["o/r/a%2fb", "bad_link"],
    ["o/r/%2e%2e/x", "bad_link"],
    ["o/r/%252e%252e/x", "bad_link"],
    ["o/r/%00", "bad_link"],
    ["o/r/%zz", "bad_link"],
    ["o/r/a\\b", "bad_link"],
    ["o/r/a\u0000b", "bad_link"],
    ["o/r/\u202egpj.exe", "bad_link"],
    ["o/r/.git/config", "bad_link"],
    ["o/..", "bad_link"],
    ["javascript:alert(document.cookie)", "bad_link"],
    ["data:text/html,x", "bad_link"],
    ["file:///etc/passwd", "bad_link"],
    ["ftp://github.com/o/r", "bad_link"],
    ["https://github.com/o/r/../../x/y", "bad_link"],
    ["https://github.com@evil.example/o/r", "bad_link"],
    ["https://github.com/o/r/issues/7", "bad_link"],
    ["https://github.com/o/r/blob/main/README.md", "bad_link"],
    ["https://github.com", "bad_link"],
    ["http://127.0.0.1:3000/dashboard/x", "bad_link"],
    ["https://github.com.evil.example/o/r", "host_not_allowed"],
    ["https://githսb.com/o/r", "host_not_allowed"],
    ["https://gist.github.com/o/r", "host_not_allowed"],
    ["https://github.com:8443/o/r", "host_not_allowed"],
    ["https://169.254.169.254/latest/meta-data", "host_not_allowed"],
    ["evil.example/o/r", "host_not_allowed"],
  ])("%s", (text, expected) => {
    expect(shape(text)).toBe(expected);
  });

  test("a link of endless length", () => {
    expect(shape(`o/r/${"a".repeat(3000)}`)).toBe("bad_link");
  });

  test("a host is allowed by configuration alone", () => {
    const text = "https://git.example:3000/o/r/s";
    expect(parseLink(text).ok).toBe(false);
    expect(parseLink(text, { hosts: ["git.example:3000"] }).ok).toBe(true);
  });
});

describe("what a link wants of the default branch", () => {
  test.each([
    ["https://github.com/o/r/tree/main/skills/x", "skills/x"],
    ["https://github.com/o/r/tree/HEAD/skills/x", "skills/x"],
    ["https://github.com/o/r/tree/HEAD", ""],
    ["https://raw.githubusercontent.com/o/r/HEAD/x/SKILL.md", "x"],
    ["https://github.com/o/r/tree/HEADS/x", null],
    ["https://github.com/o/r/tree/mainly", null],
  ])("%s", (text, expected) => {
    const parsed = parseLink(text);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(pathOnBranch(parsed.link, "main")).toBe(expected);
  });
});

describe("keys and pages", () => {
  test("a key keeps the path's case and nothing else's", () => {
    const place = { host: "GitHub.com", owner: "O", repo: "R", path: "a/B" };
    expect(skillKey(place)).toBe("github.com/o/r/a/B");
  });

  test("segments become a link that means them and nothing else", () => {
    for (const path of ["c#", "a?b", "100%", "a b ", " x", "語", "c&d+e"]) {
      expect(shape(linkOfSegments(["o", "r", "skills", path]))).toBe(
        `any o/r [skills/${path}]`,
      );
    }
    expect(shape(linkOfSegments(["local:80", "o", "r"]))).toBe(
      "host_not_allowed",
    );
    expect(shape(linkOfSegments(["o/r", "x"]))).toBe("bad_link");
    expect(shape(linkOfSegments(["o", "r", "a/b"]))).toBe("bad_link");
    expect(linkOfSegments(["o", "r", "語"])).toBe("o/r/語");
  });

  test("a page's path is understood again as the same link", () => {
    for (const owner of ["o", "api"]) {
      const path = pagePath(
        { host: "github.com", owner, repo: "r" },
        "skills/my skill",
      );
      expect(shape(`https://slipway.example${path}`)).toBe(
        `any ${owner}/r [skills/my skill]`,
      );
    }
    expect(pagePath({ host: "local", owner: "api", repo: "r" }, "")).toBe(
      "/gh/api/r",
    );
  });
});
