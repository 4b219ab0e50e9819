import { expect, test } from "bun:test";
import { otherSkillsOf } from "./skill-problem";

test("the way to a repository's other skills keeps its host", () => {
  expect(otherSkillsOf("o/r/x")).toEqual({
    page: "/o/r",
    label: "All skills of o/r",
  });
  expect(otherSkillsOf("git.example/o/r/x")?.page).toBe("/git.example/o/r");
  expect(otherSkillsOf("https://github.com/o/r/x")?.page).toBe("/o/r");
  expect(otherSkillsOf("gh/local/r/x")?.page).toBe("/gh/local/r");
});

test("it says so where it leaves a branch", () => {
  // Where the branch's name ends is not known without the repository.
  expect(otherSkillsOf("o/r/tree/a/b/x")).toEqual({
    page: "/o/r",
    label: "Skills on the default branch of o/r",
  });
});

test("there is none from the repository's own page, or without a link", () => {
  expect(otherSkillsOf("o/r")).toBeNull();
  expect(otherSkillsOf("two words")).toBeNull();
});
