import { expect, test } from "bun:test";
import { readSummary } from "./stages";

const GREEN = "(pass) it adds\n\n 3 pass\n 1 skip\n 0 fail\nRan 4 tests";
const RED =
  "error: expected 1\n(fail) it adds [1ms]\n\n 2 pass\n 1 fail\nRan 3 tests";

test("counts are those of the closing lines", () => {
  expect(readSummary(GREEN, true)).toMatchObject({
    passed: 3,
    failed: 0,
    skipped: 1,
  });
  const red = readSummary(RED, false);
  expect(red).toMatchObject({ passed: 2, failed: 1 });
  expect(red.output).toContain("expected 1");
});

test("colours do not hide the counts", () => {
  const coloured = "\u001b[32m 3 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m";
  expect(readSummary(coloured, true)).toMatchObject({ passed: 3, failed: 0 });
});

test.each([
  ["a crash without a failed test", " 3 pass\n 0 fail", false],
  ["no test at all", "", true],
  ["a file that does not load", " 3 pass\n 0 fail\n 1 error", false],
])("%s counts as a failure", (_, output, ok) => {
  expect(readSummary(output, ok).failed).toBe(1);
});
