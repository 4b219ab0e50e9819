import { expect, test } from "bun:test";
import { ConvexError } from "convex/values";
import { failure, isFailure, refuse, toFailure } from "./errors";

test("a failure is known by its shape, also one of a newer release", () => {
  const newer = { ...failure("not_found", "It is gone."), code: "of_tomorrow" };
  expect(isFailure(newer)).toBe(true);
  expect(toFailure(new ConvexError(newer))).toEqual(newer);
  expect(toFailure(refuse("over_cap", "Full.")).code).toBe("over_cap");
});

test.each([
  null,
  "not_found",
  { code: "not_found" },
  { code: 7, message: "m", next: "n" },
  { kind: "RateLimited", name: "looks", retryAfter: 1 },
])("%p is none", (data) => {
  expect(isFailure(data)).toBe(false);
});

test("what is not ours is internal", () => {
  expect(toFailure(new Error("Cannot read it."))).toMatchObject({
    code: "internal",
    message: "Cannot read it.",
  });
});
