import { describe, expect, test } from "bun:test";
import { failure } from "./errors";
import { canCancel, type Replacing } from "./replace";
import {
  decide,
  type Decision,
  type Outcome,
  type Slot,
  type SlotEvent,
  type SlotState,
} from "./slot";
import { DELETE_DEADLINE, KEPT_FOR } from "./timing";

const NOW = 1_000_000;
const silent = failure("provider_unavailable", "no answer");
const refused = failure("keep_too_large", "too much");
const present = (provider: Extract<Outcome, { kind: "present" }>["provider"]) =>
  ({ kind: "present", remoteId: "r", provider }) as const;

function replacing(about: Partial<Replacing> = {}): Replacing {
  return {
    ...{ status: "replacing", since: 0, stage: "keep", stageSince: 0 },
    ...{ step: "keep", ...about },
  };
}

function apply(state: SlotState, ...events: (SlotEvent | Outcome)[]) {
  let slot: Slot = { state, generation: 3, strikes: 0 };
  let last: Decision = { ...slot, next: "none" };
  for (const event of events) {
    const given: SlotEvent =
      "type" in event ? event : { type: "outcome", outcome: event };
    last = decide(slot, given, NOW);
    slot = last;
  }
  return last;
}

describe("a replacement", () => {
  test("that can be given no place halts there, and goes on from there", () => {
    const waits = replacing({ stage: "place", step: "wait" });
    const halted = apply(waits, { type: "deny", error: refused });
    expect(halted).toMatchObject({
      state: { stage: "place", stageSince: NOW, error: refused },
      next: "none",
      failed: { code: refused.code },
      failsAll: true,
    });
    expect(halted.remote).toBeUndefined();
    const { state } = apply(halted.state, { type: "resume" });
    expect(state).toMatchObject({ stage: "place", step: "wait" });
    expect(state).not.toHaveProperty("error");
  });

  test("keeps, stops, deletes, confirms, waits for its place, creates, restores", () => {
    const seen: string[] = [];
    let slot: Slot = {
      state: { status: "running", since: 0 },
      generation: 3,
      strikes: 0,
    };
    const events: SlotEvent[] = [
      { type: "replace" },
      { type: "outcome", outcome: { kind: "kept" } },
      { type: "outcome", outcome: present("stopped") },
      { type: "outcome", outcome: present("deleting") },
      { type: "outcome", outcome: { kind: "gone" } },
      { type: "admit" },
      { type: "outcome", outcome: present("started") },
      { type: "outcome", outcome: { kind: "claimed" } },
      { type: "outcome", outcome: { kind: "restored" } },
    ];
    for (const event of events) {
      slot = decide(slot, event, NOW);
      const { state } = slot;
      seen.push(
        state.status === "replacing"
          ? `${state.stage}/${state.step} ${slot.generation}`
          : `${state.status} ${slot.generation}`,
      );
    }
    expect(seen).toEqual([
      "keep/keep 3",
      "stop/stop 3",
      "delete/delete 3",
      "delete/look 3",
      "place/wait 3",
      "create/create 4",
      "create/claim 4",
      "restore/restore 4",
      "running 4",
    ]);
  });

  test("of a stopped one wakes it first, and only with a place", () => {
    const stopped = { status: "stopped", since: 0, by: "user" } as const;
    const asked = apply(stopped, { type: "replace" });
    expect(asked.state).toMatchObject({ status: "queued", for: "replace" });
    const woken = apply(asked.state, { type: "admit" });
    expect(woken.state).toMatchObject({ stage: "wake", step: "start" });
    expect(
      apply(woken.state, present("started"), { kind: "claimed" }).state,
    ).toMatchObject({ stage: "keep", step: "keep" });
  });

  test("a failed keep stops there; nothing was deleted, and it can be given up", () => {
    const halted = apply(replacing(), { kind: "refused", error: refused });
    expect(halted).toMatchObject({
      state: { stage: "keep", error: { code: "keep_too_large" } },
      generation: 3,
      next: "none",
    });
    expect(halted.remote).toBeUndefined();
    expect(apply(halted.state, { type: "cancel" }).state).toMatchObject({
      status: "starting",
      step: "look",
    });
    expect(apply(halted.state, { type: "resume" }).state).toMatchObject({
      stage: "wake",
      step: "look",
    });
  });

  test("without an answer it looks before it copies again", () => {
    const looked = apply(replacing(), { kind: "unknown", error: silent });
    expect(looked).toMatchObject({
      state: { stage: "wake", step: "look", stageSince: 0 },
      next: "retry",
    });
  });

  test("no new one before the old one is gone, or three minutes have passed", () => {
    const deleting = replacing({ stage: "delete", step: "delete" });
    for (const outcome of [
      present("deleting"),
      present("started"),
      { kind: "unknown", error: silent } as const,
      { kind: "conflict" } as const,
    ]) {
      expect(apply(deleting, outcome).state).toMatchObject({ stage: "delete" });
    }
    expect(DELETE_DEADLINE).toBe(180_000);
    expect(apply(deleting, { type: "expired" })).toMatchObject({
      state: { stage: "place", step: "wait" },
      generation: 3,
      remote: { state: "abandoned" },
    });
  });

  test("a create that comes to nothing is tried again, then halts", () => {
    let slot: Slot = {
      state: replacing({ stage: "create", step: "create" }),
      generation: 4,
      strikes: 0,
    };
    const places: number[] = [];
    for (let i = 0; i < 5; i++) {
      const failed = decide(
        slot,
        { type: "outcome", outcome: present("failed") },
        NOW,
      );
      expect(failed.remote).toEqual({ state: "abandoned" });
      expect(failed.state).toMatchObject({ stage: "place" });
      places.push(failed.generation);
      slot = failed;
      if ("error" in failed.state) break;
      slot = decide(failed, { type: "admit" }, NOW);
    }
    expect(places).toEqual([4, 5, 6, 7, 8]);
    expect(slot.state).toMatchObject({ error: { code: "sandbox_failed" } });
    const again = apply(slot.state, { type: "resume" });
    expect(again.state).toMatchObject({ stage: "place", step: "wait" });
    expect(again.state).not.toHaveProperty("error");
  });

  test("what arrives otherwise than it was kept is not put to use", () => {
    const returning = replacing({ stage: "restore", step: "restore" });
    const halted = apply(returning, { kind: "mismatch" });
    expect(halted.state).toMatchObject({
      stage: "restore",
      error: { code: "restore_mismatch" },
    });
    expect(halted.failsAll).toBe(true);
    expect(apply(halted.state, { type: "resume" }).state).toMatchObject({
      stage: "boot",
      step: "look",
    });
    expect(apply(halted.state, { type: "cancel" }).state).toMatchObject({
      status: "starting",
      step: "look",
    });
  });

  test.each([
    ["keep", { kind: "unknown", error: silent }],
    ["keep", { kind: "unclaimed" }],
    ["restore", { kind: "unknown", error: silent }],
    ["restore", { kind: "unclaimed" }],
  ] as const)(
    "%s: what answers no copy is started again and asked six times, then its owner is told",
    (stage, outcome) => {
      let slot: Slot = {
        state: replacing({ stage, step: stage }),
        generation: 4,
        strikes: 0,
      };
      const copied = (): Decision =>
        decide(slot, { type: "outcome", outcome }, NOW);
      for (let i = 0; i < 5; i++) {
        slot = copied();
        expect(slot.state).not.toHaveProperty("error");
        if (outcome.kind === "unknown") {
          const started = { type: "outcome", outcome: present("started") };
          slot = decide(slot, started as SlotEvent, NOW);
        }
        const claimed = { type: "outcome", outcome: { kind: "claimed" } };
        slot = decide(slot, claimed as SlotEvent, NOW);
        expect(slot.state).toMatchObject({ stage, step: stage });
      }
      const halted = copied();
      slot = halted;
      const code = outcome.kind === "unknown" ? silent.code : `${stage}_failed`;
      expect(slot.state).toMatchObject({ error: { code } });
      // The old one is as it was; the new one is given up for another.
      const kept = stage === "keep";
      expect(slot.state).toMatchObject({ stage: kept ? "keep" : "place" });
      expect(halted.remote).toEqual(kept ? undefined : { state: "abandoned" });
      // Its owner's next word begins anew.
      const resumed = decide(slot, { type: "resume" }, NOW);
      expect(resumed).toMatchObject({ strikes: 0 });
      expect(resumed.state).not.toHaveProperty("error");
    },
  );

  test.each(["keep", "restore"] as const)(
    "%s: a sandbox that is busy is asked again until the stage's time is up, as what answers",
    (stage) => {
      let slot: Slot = {
        state: replacing({ stage, step: stage }),
        generation: 4,
        strikes: 5,
      };
      const busy = { type: "outcome", outcome: { kind: "busy" } } as SlotEvent;
      for (let i = 0; i < 100; i++) {
        const next = decide(slot, busy, NOW);
        expect(next).toMatchObject({ ...slot, next: "retry" });
        slot = next;
      }
      const halted = decide(slot, { type: "expired" }, NOW);
      expect(halted.state).toMatchObject({
        stage,
        error: { code: "replace_timed_out" },
      });
      expect(halted.remote).toBeUndefined();
    },
  );

  test("halted before anything was lost it gives itself up; with kept files it waits for days", () => {
    const before = replacing({ error: refused });
    // Nobody is there: what is off by now is not started for them.
    expect(apply(before, { type: "expired" }).state).toMatchObject({
      ...{ status: "stopping", step: "look" },
    });
    const after = replacing({ stage: "place", step: "wait", error: refused });
    expect(KEPT_FOR).toBe(7 * 24 * 3_600_000);
    expect(apply(after, { type: "expired" }).state.status).toBe("empty");
  });

  test("between the two sandboxes it cannot be given up, only deleted", () => {
    for (const stage of ["delete", "place", "create"] as const) {
      const state = replacing({ stage });
      expect(canCancel(state)).toBe(false);
      expect(apply(state, { type: "cancel" }).state).toEqual(state);
    }
    const create = replacing({ stage: "create", step: "create" });
    expect(apply(create, { type: "remove" })).toMatchObject({
      state: { status: "empty" },
      remote: { state: "abandoned" },
    });
  });

  test("a sandbox that is gone before it was kept leaves nothing to replace", () => {
    expect(apply(replacing(), { kind: "gone" })).toMatchObject({
      state: { status: "failed" },
      remote: { state: "gone" },
      failed: { code: "sandbox_lost" },
    });
  });

  test("a report of the copies means nothing elsewhere", () => {
    const running = { status: "running", since: 0 } as const;
    for (const kind of ["kept", "restored", "mismatch"] as const) {
      expect(apply(running, { kind }).state).toEqual(running);
    }
  });
});
