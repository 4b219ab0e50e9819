import { expect, test } from "bun:test";
import { nextTheme, type Theme } from "./theme";

test.each([
  ["light", ["dark", "light", "system"]],
  ["dark", ["light", "dark", "system"]],
] as const)(
  "in a %s system the first press shows the other, and the third the system's",
  (system, expected) => {
    const seen: Theme[] = [];
    for (const _ of expected) {
      seen.push(nextTheme(seen.at(-1) ?? "system", system));
    }
    expect(seen).toEqual([...expected]);
  },
);
