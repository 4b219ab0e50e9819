import { expect, test } from "bun:test";
import { failuresAfter } from "./retry-boundary";

test("failures count while they follow one another, not for the life of the page", () => {
  expect(failuresAfter(0, 60_000)).toBe(1);
  expect(failuresAfter(3, 50)).toBe(4);
  expect(failuresAfter(3, 60_000)).toBe(1);
});
