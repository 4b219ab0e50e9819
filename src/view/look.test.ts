import { expect, test } from "bun:test";
import { AUTO_STOP, LOOK_COOLDOWN, PROBE_INTERVAL } from "@convex/model/timing";
import { sandbox } from "../gallery/fixtures";
import { askedFor, heardOf, lapsed } from "./look";

const T = 10 * AUTO_STOP;
const LATER = T + PROBE_INTERVAL + LOOK_COOLDOWN;
const at = (time: number) =>
  sandbox({
    ...{ lastConfirmedAt: T, autoStopAt: time + AUTO_STOP, health: "ok" },
  });

test("a look ends with the confirmation that comes after it was asked for", () => {
  const before = at(T);
  const asked = askedFor(before, LATER);
  expect(asked).toEqual({ kind: "asked", confirmedAt: T });
  expect(heardOf(asked, before)).toBe(asked);
  const found = heardOf(asked, at(LATER + 1));
  expect(found).toEqual({ kind: "found" });
  expect(lapsed(found)).toEqual({ kind: "none" });
});

test("without one it says so, and takes a later one for no answer", () => {
  const silent = lapsed(askedFor(at(T), LATER));
  expect(silent).toEqual({ kind: "silent" });
  expect(heardOf(silent, at(T + AUTO_STOP))).toBe(silent);
  expect(lapsed(silent)).toEqual({ kind: "none" });
});

test("a record that is too new to be renewed is the answer, unless it does not answer", () => {
  const now = LATER - 1;
  const known = askedFor(at(T), now);
  expect(known.kind).toBe("known");
  expect(heardOf(known, at(now))).toEqual({ kind: "found" });
  const unreachable = { ...at(T), health: "unreachable" } as const;
  expect(askedFor(unreachable, now).kind).toBe("asked");
  // The server's clock is not known yet.
  expect(askedFor(at(T), null).kind).toBe("asked");
});
