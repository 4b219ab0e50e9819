import { expect, test } from "bun:test";
import { linkOf } from "./skill-route";

test("an address asks for exactly what it says", () => {
  const link = (owner: string, repo: string, ...path: string[]) =>
    linkOf({ owner, repo, path });
  expect(link("o", "r")).toBe("o/r");
  expect(link("o", "r", "skills", "c%23")).toBe("o/r/skills/c%23");
  expect(link("o", "r", "100%25")).toBe("o/r/100%25");
  expect(link("git.example%3A3000", "o", "r")).toBe("git.example:3000/o/r");
});

test("an owner whose name the app needs is not read as a host", () => {
  expect(linkOf({ owner: "local", repo: "repo", path: ["skill"] })).toBe(
    "gh/local/repo/skill",
  );
});
