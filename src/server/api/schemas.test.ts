import { expect, test } from "bun:test";
import { openApi } from "./openapi";
import { session } from "./schemas";

test("a time is told in whole milliseconds, never later than it was", () => {
  const { createdAt } = session.shape;
  expect(createdAt.parse(1_700_000_000_000.9)).toBe(1_700_000_000_000);
  expect(createdAt.parse(1_700_000_000_000)).toBe(1_700_000_000_000);
});

/** Every field of the document, with its name. */
function fieldsOf(value: unknown): [string, Record<string, unknown>][] {
  if (typeof value !== "object" || value === null) return [];
  const { properties = {} } = value as { properties?: object };
  return [
    ...Object.entries(properties),
    ...Object.values(value).flatMap(fieldsOf),
  ];
}

test("every time of the document is a whole number, null or left out", () => {
  const times = fieldsOf(openApi("http://127.0.0.1:3000")).filter(([name]) =>
    /(At|^at|[sS]ince)$/.test(name),
  );
  expect(new Set(times.map(([name]) => name)).size).toBeGreaterThan(10);
  for (const [name, field] of times) {
    const { anyOf = [field] } = field as { anyOf?: object[] };
    expect([name, anyOf[0]]).toMatchObject([name, { type: "integer" }]);
    expect(JSON.stringify(field)).toContain("Milliseconds since 1970.");
  }
});
