import { expect, test } from "bun:test";
import { countIn, MAX_OPEN } from "./open-streams";

test("a user has so many streams open and no more; another's are their own", () => {
  const out = Array.from({ length: MAX_OPEN }, () => countIn("ada"));
  expect(() => countIn("ada")).toThrow("streams open");
  countIn("bob")();
  out.pop()?.();
  countIn("ada")();
  for (const leave of out) leave();
});
