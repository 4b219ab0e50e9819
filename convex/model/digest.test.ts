import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { digestFiles, sortByPath } from "./digest";

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (text: string) =>
  createHash("sha256").update(text).digest("hex");

test("the digest is the documented one", async () => {
  const files = [
    { path: "scripts/run.sh", executable: true, content: bytes("echo hi\n") },
    { path: "SKILL.md", executable: false, content: bytes("# Hi\n") },
  ];
  const expected = sha256(
    `SKILL.md\0-\0${sha256("# Hi\n")}\nscripts/run.sh\0x\0${sha256("echo hi\n")}\n`,
  );
  expect(await digestFiles(files)).toBe(expected);
  expect(await digestFiles(files.toReversed())).toBe(expected);
});

// The daemon in the sandbox computes the same; both must give these very digits.
test("a fixed example keeps its digest", async () => {
  const files = [
    { path: "SKILL.md", executable: false, content: bytes("---\nname: a\n") },
    { path: "é/\u{1f600}.txt", executable: false, content: bytes("") },
    { path: "z", executable: true, content: new Uint8Array([0, 255]) },
  ];
  expect(await digestFiles(files)).toBe(
    "d5b22575ee97ed46d792d5eebb07bd535f9768fde7816c6008dd0bd874adc419",
  );
});

test("a bit of content, a name or the executable bit changes it", async () => {
  const file = { path: "a", executable: false, content: bytes("x") };
  const variants = [
    file,
    { ...file, executable: true },
    { ...file, path: "b" },
    { ...file, content: bytes("y") },
  ];
  const digests = await Promise.all(variants.map((v) => digestFiles([v])));
  expect(new Set(digests).size).toBe(variants.length);
});

test("paths are ordered by their bytes, not by UTF-16 units", () => {
  const paths = ["\uff61", "\u{1f600}", "a/b", "a"].map((path) => ({ path }));
  expect(sortByPath(paths).map((f) => f.path)).toEqual([
    "a",
    "a/b",
    "\uff61",
    "\u{1f600}",
  ]);
});
