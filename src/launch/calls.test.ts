import { expect, test } from "bun:test";
import { tell } from "@convex/model/logWords";
import type { LogWhat } from "@convex/model/logEntry";
import type { LaunchView, LogEntry } from "../data/types";
import { callsOf } from "./calls";
import { phasesOf } from "./phases";

const launch = {
  state: "ready",
  path: "cold",
  steps: [
    { name: "queue", startedAt: 1_000, endedAt: 1_010, outcome: "done" },
    { name: "create", startedAt: 1_010, endedAt: 3_000, outcome: "done" },
    { name: "install", startedAt: 3_000, endedAt: 4_000, outcome: "done" },
  ],
} as unknown as LaunchView;

function entry(eventId: string, at: number, what: LogWhat): LogEntry {
  return { eventId, at, what, summary: tell(what) } as unknown as LogEntry;
}

test("a call lies under the phase in which it began", () => {
  const calls = callsOf(phasesOf(launch), [
    entry("a", 2_500, {
      ...{ kind: "call", call: "create", outcome: "started" },
      ...{ ok: true, ms: 1_450 },
    }),
    entry("b", 3_005, {
      ...{ kind: "call", call: "claim", outcome: "claimed", ok: true, ms: 400 },
    }),
    entry("c", 3_900, {
      ...{ kind: "call", call: "configure", outcome: "written" },
      ...{ ok: true, ms: 880 },
    }),
  ]);
  expect(calls["create"]?.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(calls["install"]?.map(({ id }) => id)).toEqual(["c"]);
  expect(calls["create"]?.[0]).toMatchObject({ startedAt: 1_050, ms: 1_450 });
});

test("what failed says why on a line of its own, what fell silent has no length", () => {
  const error = { code: "provider_busy", message: "It limits our calls." };
  const calls = callsOf(phasesOf(launch), [
    entry("a", 2_000, {
      ...{ kind: "call", call: "create", outcome: "no answer" },
      ...{ ok: false, ms: 700, error },
    }),
    entry("b", 2_400, { kind: "takeover", of: "creating/create" }),
  ]);
  expect(calls["create"]).toMatchObject([
    { words: "Create at the provider: no answer", reason: error.message },
    { ms: null, failed: true },
  ]);
});
