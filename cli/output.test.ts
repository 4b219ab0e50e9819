import { expect, test } from "bun:test";
import { MAX_POSITION } from "../convex/model/admission";
import { queueWords } from "./output";

test("where the count ends, nobody is told a place that may be a later one", () => {
  const words = (position: number) => queueWords({ position, ownCap: null });
  expect(words(MAX_POSITION - 1)).toBe("199th in line");
  expect(words(MAX_POSITION)).toBe("200th or later in line");
});
