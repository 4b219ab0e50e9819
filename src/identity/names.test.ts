import { expect, test } from "bun:test";
import { parseNames, tidyName, withCurrent, withoutName } from "./names";

const nobody = { current: null, names: [] };

test("signing in puts the name first; signing out keeps it for next time", () => {
  const ada = withCurrent(nobody, "ada");
  const both = withCurrent(ada, "grace");
  expect(both).toEqual({ current: "grace", names: ["grace", "ada"] });
  expect(withCurrent(both, "ada").names).toEqual(["ada", "grace"]);
  expect(withCurrent(both, null)).toEqual({
    current: null,
    names: ["grace", "ada"],
  });
});

test("forgetting the one who is signed in signs out", () => {
  const both = withCurrent(withCurrent(nobody, "ada"), "grace");
  expect(withoutName(both, "grace")).toEqual({ current: null, names: ["ada"] });
  expect(withoutName(both, "ada").current).toBe("grace");
});

test("what is stored by somebody else is nobody", () => {
  for (const text of [null, "", "no json", "[]", "5", '{"names":5}']) {
    expect(parseNames(text)).toEqual(nobody);
  }
  expect(parseNames('{"current":"Ada","names":["ada",7," x"]}')).toEqual({
    current: null,
    names: ["ada"],
  });
});

test("a name as typed becomes a name as kept", () => {
  expect(tidyName("  Ada  Lovelace ")).toBe("ada lovelace");
  expect(tidyName("Zoë")).toBe("zoë");
  for (const none of ["", " \t", "a\u0000b", "a".repeat(65)]) {
    expect(tidyName(none)).toBeNull();
  }
});
