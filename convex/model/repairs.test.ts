import { describe, expect, test } from "bun:test";
import {
  countRepair,
  MAX_REPAIRS,
  missingOf,
  REPAIR_WINDOW,
  retired,
} from "./repairs";

const T = 1_000_000;

describe("repairs", () => {
  test("are counted, end after a few, and are counted anew later", () => {
    let repairs = countRepair(undefined, T).repairs;
    expect(repairs).toEqual({ count: 1, since: T });
    for (let i = 1; i < MAX_REPAIRS; i++) {
      const next = countRepair(repairs, T + i);
      expect(next.allowed).toBe(true);
      repairs = next.repairs;
    }
    expect(countRepair(repairs, T + REPAIR_WINDOW - 1)).toEqual({
      repairs: { count: MAX_REPAIRS, since: T },
      allowed: false,
    });
    expect(countRepair(repairs, T + REPAIR_WINDOW)).toEqual({
      repairs: { count: 1, since: T + REPAIR_WINDOW },
      allowed: true,
    });
  });
});

test("missing is what is not there as listed; more than is listed is ignored", () => {
  const a = { skillKey: "h/o/r/a", digest: "1" };
  const b = { skillKey: "h/o/r/b", digest: "2" };
  expect(missingOf([a, b], [b, a])).toEqual([]);
  expect(missingOf([a], [a, b])).toEqual([]);
  expect(missingOf([a, b], [a])).toEqual([b]);
  expect(missingOf([a], [{ ...a, digest: "2" }])).toEqual([a]);
  expect(missingOf([a], [{ ...a, skillKey: "h/o/r/b" }])).toEqual([a]);
});

describe("versions of a skill", () => {
  const old = { knownSince: 1, used: false };
  const middle = { knownSince: 2, used: false };
  const young = { knownSince: 3, used: false };

  test("the only one stays, used or not", () => {
    expect(retired([old])).toEqual([]);
  });

  test("older ones go unless a conversation uses them; the newest stays", () => {
    expect(retired([young, old, middle])).toEqual([old, middle]);
    expect(retired([young, { ...old, used: true }, middle])).toEqual([middle]);
    expect(retired([{ ...old, used: true }, young])).toEqual([]);
  });
});
