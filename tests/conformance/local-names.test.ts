import { expect, test } from "bun:test";
import { normaliseName } from "../../emulators/identity/name";
import { tidyName } from "../../src/identity/names";

test("the pages and the local issuer take the same names for the same people", () => {
  const typed = [
    ...["ada", " Ada  Lovelace ", "ADA", "Zoë", "ZOE\u0308", "ﬁona", "ａｄａ"],
    ...[
      "İpek",
      "Ω",
      "a\u00a0b",
      "a\nb",
      "李",
      "👩‍🚀",
      "a.b-c_d",
      "x".repeat(64),
      "J\u030Can",
      "H\u0331",
    ],
    ...[
      "",
      "  ",
      "x".repeat(65),
      "ﷺ".repeat(4),
      "a\u0000",
      "\u200b",
      "\ud800",
      "İ".repeat(33),
    ],
  ];
  const kept = typed.map(tidyName);
  expect(kept).toEqual(
    typed.map((name) => normaliseName(name)?.subject ?? null),
  );
  expect(kept.filter((name) => name === null).length).toBeGreaterThan(4);
  // What is kept stays the same when it comes back out of the browser's store.
  for (const name of kept) if (name) expect(tidyName(name)).toBe(name);
});
