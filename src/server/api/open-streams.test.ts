import { expect, test } from "bun:test";
import { countIn, MAX_OPEN } from "./open-streams";

const ada = { kind: "personal", token: "slp_ada" } as const;
const bob = { kind: "personal", token: "slp_bob" } as const;

test("a token has so many streams open and no more; another's are its own", () => {
  const out = Array.from({ length: MAX_OPEN }, () => countIn(ada));
  expect(() => countIn(ada)).toThrow("streams are open");
  countIn(bob)();
  out.pop()?.();
  countIn(ada)();
  for (const leave of out) leave();
});
