import { beforeEach, expect, test } from "bun:test";
import { failure } from "@convex/model/errors";
import {
  readOutbox,
  withFailure,
  without,
  withSent,
  writeOutbox,
} from "./outbox";

const kept = new Map<string, string>();
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
};
beforeEach(() => kept.clear());

const refusal = failure("rate_limited", "There is no room for it.");
const one = { clientId: "1", text: "One" };
const two = { clientId: "2", text: "Two" };

test("what was refused is still there when the page comes back, of its conversation alone", () => {
  const all = withFailure(withSent(withSent([], one), two), "1", refusal);
  writeOutbox(storage, "s1", all);
  expect(readOutbox(storage, "s1")).toEqual([
    { ...one, failure: refusal },
    { ...two, failure: null },
  ]);
  expect(readOutbox(storage, "s2")).toEqual([]);
});

test("sent again it is on its way again, once, as the last", () => {
  const refused = withFailure(withSent([], one), "1", refusal);
  expect(withSent(withSent(refused, two), one)).toEqual([
    { ...two, failure: null },
    { ...one, failure: null },
  ]);
});

test("one that was dropped while on its way stays away, and nothing is left behind", () => {
  const dropped = without(withSent([], one), "1");
  const all = withFailure(dropped, "1", refusal);
  expect(all).toEqual([]);
  writeOutbox(storage, "s1", withSent([], one));
  writeOutbox(storage, "s1", all);
  expect(kept.size).toBe(0);
});
