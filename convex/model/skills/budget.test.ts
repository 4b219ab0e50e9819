import { describe, expect, test } from "bun:test";
import { cut, fitFiles, fitFindings, fitListing, KEPT_BYTES } from "./budget";

const sizeOf = (value: unknown) =>
  new TextEncoder().encode(JSON.stringify(value)).length;
const skills = (count: number, path: string, description: string) =>
  Array.from({ length: count }, (_, index) => ({
    path: `${path}${index}`,
    name: "name",
    description,
    listed: true,
  }));

describe("a skill's files", () => {
  test("are all listed where they fit", () => {
    const files = [{ path: "SKILL.md" }, { path: "run.sh" }];
    expect(fitFiles(files)).toEqual({ files });
  });

  test("with long names: the first of them, and how many more", () => {
    const files = Array.from({ length: 1_000 }, (_, index) => ({
      path: `${"語".repeat(300)}${index}`,
      size: 1,
      executable: false,
    }));
    const fitted = fitFiles(files);
    expect(sizeOf(fitted.files)).toBeLessThanOrEqual(KEPT_BYTES.files);
    expect(sizeOf(fitted.files)).toBeGreaterThan(KEPT_BYTES.files * 0.9);
    expect(fitted.files).toEqual(files.slice(0, fitted.files.length));
    expect(fitted.files.length + (fitted.moreFiles ?? 0)).toBe(1_000);
  });
});

describe("a repository's skills", () => {
  test("keep what is said of them where it fits", () => {
    const few = skills(3, "skills/", "d".repeat(300));
    expect(fitListing(few)).toEqual(few);
  });

  test("say less when they are many", () => {
    const fitted = fitListing(skills(1_000, "skills/", "語".repeat(300)));
    expect(fitted).toHaveLength(1_000);
    expect(sizeOf(fitted)).toBeLessThanOrEqual(KEPT_BYTES.listing);
    expect(fitted[0]?.description).toBe("語".repeat(150));
  });

  test("are fewer when their paths alone are too long", () => {
    const fitted = fitListing(skills(1_000, "語".repeat(500), "about"));
    expect(sizeOf(fitted)).toBeLessThanOrEqual(KEPT_BYTES.listing);
    expect(fitted.length).toBeGreaterThan(400);
    expect(fitted[0]?.description).toBe("about");
  });
});

test("findings are few and short", () => {
  const message = "x".repeat(5_000);
  const many = Array.from({ length: 20_000 }, () => ({
    severity: "warning" as const,
    message,
  }));
  const fitted = fitFindings(many);
  expect(fitted).toHaveLength(101);
  expect(fitted.at(-1)?.message).toBe("There are 19900 more.");
  expect(sizeOf(fitted)).toBeLessThan(40_000);
});

test("half a character is never kept", () => {
  expect(cut("a🙂b", 2)).toBe("a");
  expect(cut("a🙂b", 3)).toBe("a🙂");
  expect(cut("a\ud800b", 9)).toBe("a\ufffdb");
});
