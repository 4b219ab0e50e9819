import { expect, test } from "bun:test";
import { failure } from "./errors";
import { bounded, callOf, causeOf, isTold, probed, stateName } from "./log";
import type { LogWhat } from "./logEntry";
import { isDetail, tell } from "./logWords";

const error = failure("provider_busy", "The provider limits our calls.");

test("an entry is held to its bounds, whatever it is given", () => {
  const what = bounded({
    ...{ kind: "call", call: "create", outcome: "x".repeat(10_000), ok: false },
    ...{ ms: -5.5, attempt: Infinity },
    error: { code: "c", message: `${"y".repeat(299)}\ud83d\ude00` },
  });
  expect(JSON.stringify(what).length).toBeLessThan(1_000);
  expect(what).toMatchObject({ ms: 0, attempt: 1_000_000_000 });
  // A cut through a pair leaves no half of it, which could not be stored.
  const message = "error" in what ? (what.error?.message ?? "") : "";
  expect(message.isWellFormed()).toBe(true);
});

test("failures in a row are told ever more seldom", () => {
  const told = Array.from({ length: 200 }, (_, attempt) => isTold(attempt));
  expect(told.slice(0, 5)).toEqual([true, true, true, true, true]);
  expect(told.filter(Boolean).length).toBe(10);
});

test("a look that found a sandbox on its way is no news; any other outcome is", () => {
  const starting = { kind: "present", remoteId: "r" } as const;
  expect(callOf("look", { ...starting, provider: "starting" }, 0)).toBeNull();
  expect(callOf("look", { ...starting, provider: "started" }, 0)).toMatchObject(
    { outcome: "started", ok: true },
  );
  const adopted = { ...starting, provider: "started", adopted: true } as const;
  expect(callOf("create", adopted, 0)).toMatchObject({ outcome: "adopted" });
  expect(callOf("stop", { kind: "gone" }, 0)).toMatchObject({ ok: true });
});

test("a refusal is always told, with its code; silence by its number in a row", () => {
  expect(callOf("create", { kind: "refused", error }, 99)).toMatchObject({
    ...{ outcome: "refused", ok: false, attempt: 99 },
    error: { code: "provider_busy" },
  });
  expect(callOf("create", { kind: "unknown", error }, 4)).not.toBeNull();
  expect(callOf("create", { kind: "unknown", error }, 99)).toBeNull();
  expect(callOf("look", { kind: "conflict" }, 99)).toBeNull();
});

test("states and causes have names", () => {
  expect(stateName({ status: "running" })).toBe("running");
  const creating = { status: "creating", step: "claim" };
  expect(stateName(creating)).toBe("creating/claim");
  const replacing = { status: "replacing", stage: "keep", step: "look" };
  expect(stateName(replacing)).toBe("replacing/keep");
  expect(causeOf({ type: "outcome", outcome: { kind: "gone" } })).toBe(
    "outcome/gone",
  );
});

test("a probe tells the provider's word and the daemon's", () => {
  const started = { kind: "present", provider: "started" } as const;
  expect(probed({ ...started, daemon: "ok" }, "ready").outcome).toBe(
    "started, agent ready",
  );
  expect(probed({ ...started, daemon: "unasked" }, undefined).outcome).toBe(
    "started",
  );
  expect(probed({ ...started, daemon: "unclaimed" }, undefined).ok).toBe(false);
});

const about = { skillKey: "github.com/o/r/pdf", sha: "0123456789" };
const slot = { kind: "slot", cause: "want", revision: 1, strikes: 0 } as const;

test.each([
  [{ ...slot, from: "empty", to: "queued" }, "In line for a place", true],
  [{ ...slot, from: "queued", to: "creating/create" }, "being made", false],
  [{ ...slot, from: "starting/look", to: "starting/claim" }, "→", true],
  [{ ...slot, from: "running", to: "running", error }, "is running.", false],
  [
    { ...slot, from: "creating/create", to: "failed", error },
    "limits our calls",
    false,
  ],
  [{ kind: "launch", change: "failed", ...about, error }, "pdf failed", false],
  [{ kind: "launch", change: "creating", ...about }, "pdf: creating", true],
  [{ kind: "consent", ...about }, "pdf at 0123456", false],
  [{ kind: "takeover", of: "install" }, "(install)", false],
] as [LogWhat, string, boolean][])(
  "%j is told as %p",
  (what, words, detail) => {
    expect(tell(what)).toContain(words);
    expect(isDetail(what)).toBe(detail);
  },
);
