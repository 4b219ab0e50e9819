import { describe, expect, test } from "bun:test";
import { listSkills, pickSkill, shortName, skillFolderOf } from "./discover";

/** `path` or `path=name`, with `!` in front for an internal one. */
function repository(...specs: string[]) {
  return listSkills(
    specs.map((spec) => {
      const [path = "", name] = spec.replace("!", "").split("=");
      return {
        path,
        name: name ?? path.split("/").at(-1) ?? "",
        description: "d",
        internal: spec.startsWith("!"),
      };
    }),
  );
}

const offered = (...specs: string[]) =>
  repository(...specs)
    .filter((skill) => skill.listed)
    .map((skill) => skill.path);

function pick(wanted: string, ...specs: string[]): string[] {
  const picked = pickSkill(repository(...specs), wanted, "repo");
  if (picked.kind === "none") return [];
  return picked.kind === "one"
    ? [picked.skill.path]
    : picked.skills.map((skill) => skill.path);
}

test("a SKILL.md in any case marks a folder", () => {
  expect(skillFolderOf("SKILL.md")).toBe("");
  expect(skillFolderOf("a/b/skill.md")).toBe("a/b");
  expect(skillFolderOf("a/README.md")).toBeNull();
  expect(skillFolderOf("a/MYSKILL.md")).toBeNull();
});

describe("what a repository offers", () => {
  test("skills/ and agents' folders, in order, three levels deep", () => {
    expect(
      offered(
        ".claude/skills/z",
        "skills/a",
        "skills/x/y/b",
        "skills/w/x/y/c",
        "skills/.curated/d",
        "elsewhere/e",
      ),
    ).toEqual([
      "skills/a",
      "skills/x/y/b",
      "skills/.curated/d",
      ".claude/skills/z",
    ]);
  });

  test("a skill at the root is the only one", () => {
    expect(offered("=top", "skills/a")).toEqual([""]);
  });

  test("a shallower skill hides those inside it", () => {
    expect(offered("skills/a", "skills/a/sub/b")).toEqual(["skills/a"]);
  });

  test("a copy for another agent is offered once", () => {
    expect(offered("skills/a", ".claude/skills/A=a")).toEqual(["skills/a"]);
  });

  test("with no container, any folder but built and foreign ones", () => {
    expect(
      offered(
        "tools/a",
        "1/2/3/4/5",
        "1/2/3/4/5x/6",
        "node_modules/b",
        "dist/c",
      ),
    ).toEqual(["1/2/3/4/5", "tools/a"]);
  });

  test("an internal skill is not offered", () => {
    expect(offered("skills/a", "!skills/b")).toEqual(["skills/a"]);
  });
});

describe("which skill a link means", () => {
  test("nothing more than the repository: its one skill, else all", () => {
    expect(pick("", "skills/a")).toEqual(["skills/a"]);
    expect(pick("", "skills/a", "skills/b")).toEqual(["skills/a", "skills/b"]);
    expect(pick("")).toEqual([]);
  });

  test("an exact folder, even one that is not offered", () => {
    expect(pick("x/y", "skills/a", "x/y", "skills/y")).toEqual(["x/y"]);
    expect(pick(".claude/skills/a", "skills/a", ".claude/skills/a")).toEqual([
      ".claude/skills/a",
    ]);
  });

  test("a folder below a container", () => {
    expect(pick("g/a", "skills/g/a", "skills/a")).toEqual(["skills/g/a"]);
    expect(pick("a", "skills/g/a", "skills/a")).toEqual(["skills/a"]);
  });

  test("a folder's name before a frontmatter's, exact before any case", () => {
    expect(pick("pdf", "skills/g/pdf", "skills/x=pdf")).toEqual([
      "skills/g/pdf",
    ]);
    expect(pick("pdf", "skills/PDF=other", "skills/x=pdf")).toEqual([
      "skills/x",
    ]);
    expect(pick("PDF", "skills/g/pdf")).toEqual(["skills/g/pdf"]);
    expect(pick("repo", "=other")).toEqual([""]);
  });

  test("never a part of a name", () => {
    expect(pick("df", "skills/pdf")).toEqual([]);
    expect(pick("b/pdf", "skills/a/b/pdf")).toEqual([]);
  });

  test("a folder that holds skills: those below it, where nothing else fits", () => {
    const skills = ["skills/a", "skills/g/b", "!skills/c", "x/d"];
    expect(pick("skills", ...skills)).toEqual(["skills/a", "skills/g/b"]);
    expect(pick("skills/g", ...skills)).toEqual(["skills/g/b"]);
    expect(pick("x", ...skills)).toEqual(["x/d"]);
    expect(pick("x", "skills/x", "x/d")).toEqual(["skills/x"]);
    expect(pick("skill", ...skills)).toEqual([]);
  });

  test("two of one name are a question", () => {
    expect(pick("pdf", "skills/a/pdf", "skills/b/pdf")).toEqual([
      "skills/a/pdf",
      "skills/b/pdf",
    ]);
  });

  test("an internal skill opens by its exact name", () => {
    expect(pick("b", "skills/a", "!skills/b")).toEqual(["skills/b"]);
  });
});

test("the short name of each skill leads back to it", () => {
  const skills = repository(
    "skills/a",
    "skills/g/b=bee",
    "skills/x/pdf",
    "skills/y/pdf=pdf-two",
    ".claude/skills/a",
  );
  for (const skill of skills) {
    const short = shortName(skills, skill, "repo");
    const picked = pickSkill(skills, short, "repo");
    expect(picked).toEqual({ kind: "one", skill });
  }
  const short = skills.map((skill) => shortName(skills, skill, "repo"));
  expect(short).toEqual([
    "a",
    "b",
    "skills/x/pdf",
    "pdf-two",
    ".claude/skills/a",
  ]);
  expect(
    shortName(
      repository("=top"),
      { path: "", name: "top", description: "d", listed: true },
      "repo",
    ),
  ).toBe("");
});
