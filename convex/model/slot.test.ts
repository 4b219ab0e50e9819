import { describe, expect, test } from "bun:test";
import { failure } from "./errors";
import type { Stage, Step } from "./replaceStages";
import {
  isUnwatched,
  type Resting,
  type SlotEvent,
  type SlotState,
} from "./slot";
import {
  after,
  all,
  claiming,
  creating,
  deleting,
  empty,
  failed,
  NOW,
  outcome,
  present,
  queued,
  refused,
  replacing,
  running,
  silent,
  starting,
  stopped,
  stopping,
} from "./slotFixtures";
import { STEADY } from "./timing";

const deny: SlotEvent = {
  type: "deny",
  error: failure("caps_unreadable", "A cap cannot be read."),
};

describe("wanting a sandbox", () => {
  test("what rests queues for a place, and nothing is made yet", () => {
    for (const state of [empty, stopped, failed]) {
      expect(after(state, { type: "want" })).toEqual({
        state: { status: "queued", since: NOW, from: state, for: "launch" },
        generation: 3,
        strikes: 0,
        next: "none",
      });
    }
  });

  test("admitted from empty: a new generation, recorded before it exists", () => {
    expect(after(queued(empty), { type: "admit" })).toMatchObject({
      state: { status: "creating", step: "create", since: NOW },
      generation: 4,
      next: "now",
      remote: { state: "submitted" },
    });
  });

  test("admitted from failed: the next generation, never the old one again", () => {
    expect(after(queued(failed), { type: "admit" }).generation).toBe(4);
  });

  test("admitted from stopped: the same generation keeps its disk", () => {
    const decision = after(queued(stopped), { type: "admit" });
    expect(decision.state).toMatchObject({ status: "starting", step: "start" });
    expect(decision.generation).toBe(3);
  });

  test("nobody is admitted twice", () => {
    for (const state of all) {
      if (state.status === "queued") continue;
      if (state.status === "replacing" && state.stage === "place") continue;
      expect(after(state, { type: "admit" }).state).toEqual(state);
    }
  });

  test("whoever leaves the queue is where they were", () => {
    for (const from of [empty, stopped, failed]) {
      expect(after(queued(from), { type: "abandon" }).state).toEqual(from);
      expect(after(queued(from), { type: "stop" }).state).toEqual(from);
      expect(after(queued(from), { type: "expired" })).toMatchObject({
        state: from,
        failed: { code: "queue_timed_out" },
      });
      expect(after(queued(from), deny)).toMatchObject({
        state: from,
        failed: { code: "caps_unreadable", retryable: false },
        failsAll: true,
      });
    }
  });

  test("that nobody is given a place is nothing to whoever does not wait for one", () => {
    for (const state of all) {
      if (state.status === "queued") continue;
      if (state.status === "replacing" && state.stage === "place") continue;
      expect(after(state, deny).state).toEqual(state);
    }
  });

  test("what its owner asked for stays when the launches leave", () => {
    const owned = after(queued(stopped), { type: "want", by: "owner" }).state;
    expect(owned).toMatchObject({ since: 0, for: "owner" });
    expect(after(owned, { type: "abandon" }).state).toEqual(owned);
  });

  test("whatever is on its way is left alone", () => {
    for (const state of [
      creating,
      claiming,
      starting,
      running,
      stopping,
      deleting,
    ]) {
      expect(after(state, { type: "want" })).toEqual({
        state,
        generation: 3,
        strikes: 0,
        next: "none",
      });
    }
  });
});

describe("creating", () => {
  test("started -> claim: the remote is present before anything else is done", () => {
    expect(after(creating, present("started"))).toMatchObject({
      state: { status: "creating", step: "claim" },
      next: "now",
      remote: { state: "present", remoteId: "r" },
    });
  });

  test("no answer -> the same create again: its name makes it safe", () => {
    expect(
      after(creating, outcome({ kind: "unknown", error: silent })),
    ).toMatchObject({ state: creating, next: "retry" });
  });

  test("after creates that came to nothing the next one waits", () => {
    expect(after(queued(failed), { type: "admit" }, 2).next).toBe("retry");
  });

  test("refused by somebody who may have made it -> given up, not forgotten", () => {
    const event = outcome({ kind: "refused", error: refused, mayExist: true });
    expect(after(creating, event).remote).toEqual({ state: "abandoned" });
  });

  test("refused -> failed, and nothing was made", () => {
    expect(
      after(creating, outcome({ kind: "refused", error: refused })),
    ).toMatchObject({
      state: { status: "failed", error: refused },
      remote: { state: "never" },
      failed: refused,
    });
  });

  test("claimed -> running, the only way in", () => {
    expect(after(claiming, outcome({ kind: "claimed" })).state).toEqual({
      status: "running",
      since: NOW,
    });
  });

  test("its time keeps running from the create to the claim", () => {
    const decision = after(
      { status: "creating", since: 7, step: "create" },
      present("started"),
    );
    expect(decision.state).toMatchObject({ since: 7 });
  });

  test("abandoned by everyone -> empty, and the remote is given up", () => {
    expect(after(creating, { type: "abandon" })).toMatchObject({
      state: empty,
      remote: { state: "abandoned" },
    });
  });

  test("overdue -> failed with a retryable reason", () => {
    expect(after(creating, { type: "expired" }).failed).toMatchObject({
      code: "launch_timed_out",
      retryable: true,
    });
  });
});

describe("starting", () => {
  test("no answer -> look before starting again", () => {
    expect(
      after(starting, outcome({ kind: "unknown", error: silent })).state,
    ).toMatchObject({ status: "starting", step: "look" });
  });

  test("refused -> stopped: the disk outlives a bad start", () => {
    const decision = after(
      starting,
      outcome({ kind: "refused", error: refused }),
    );
    expect(decision.state).toMatchObject({ status: "stopped", by: "provider" });
    expect(decision.failsAll).toBe(true);
    expect(decision.remote).toBeUndefined();
  });

  test("too late -> stopped for certain: it may start yet, and takes a place", () => {
    expect(after(starting, { type: "expired" })).toMatchObject({
      state: { status: "stopping", step: "stop" },
      failed: { code: "launch_timed_out", retryable: true },
      failsAll: true,
    });
  });
});

describe("a disk with something on it", () => {
  const kept: Resting = { ...failed, disk: "kept" } as Resting;
  const waking: SlotState = { status: "starting", since: 0, step: "claim" };
  const recovering: SlotState = { ...waking, step: "recover" } as SlotState;

  test("is not given up for a refused claim", () => {
    const decision = after(
      waking,
      outcome({ kind: "refused", error: refused }),
    );
    // It runs: until its stop is confirmed it takes a place.
    expect(decision.state.status).toBe("stopping");
    expect(decision.failsAll).toBe(true);
    expect(decision.remote).toBeUndefined();
  });

  test("is brought back when the provider calls it failed", () => {
    expect(after(waking, present("failed")).state).toMatchObject({
      status: "starting",
      step: "recover",
    });
  });

  test("is kept for its owner to delete when it cannot be brought back", () => {
    const decision = after(recovering, present("failed"));
    expect(decision.state).toMatchObject({ status: "failed", disk: "kept" });
    expect(decision.remote).toBeUndefined();
    expect(decision.failed?.retryable).toBe(false);
  });

  test("is never traded for a new sandbox unasked", () => {
    const decision = after(queued(kept), { type: "admit" });
    expect(decision.generation).toBe(3);
    expect(decision.state).toMatchObject({ step: "recover" });
  });

  test("goes when its owner says so", () => {
    expect(after(kept, { type: "remove" }).state.status).toBe("deleting");
  });

  test("is stopped, not deleted, when what runs on it cannot be trusted", () => {
    for (const type of ["insecure", "unusable"] as const) {
      const decision = after(running, { type });
      expect(decision.state).toMatchObject({ status: "stopping" });
      expect(decision.remote).toBeUndefined();
    }
  });

  test("runs on when it is full, and all who wait are told", () => {
    const { state, next, failed } = after(running, { type: "full" });
    expect({ state, next }).toEqual({ state: running, next: "none" });
    expect(failed).toMatchObject({ code: "disk_full", retryable: false });
    expect(after(stopped, { type: "full" }).failed).toBeUndefined();
  });
});

describe("stopping and deleting", () => {
  test("a stop is reported only when the provider says stopped", () => {
    expect(after(stopping, present("stopped")).state).toMatchObject({
      status: "stopped",
      by: "user",
    });
    for (const event of [
      present("stopping"),
      present("started"),
      outcome({ kind: "unknown", error: silent }),
      outcome({ kind: "conflict" }),
      { type: "expired" } as const,
    ]) {
      expect(after(stopping, event).state.status).not.toBe("stopped");
    }
  });

  test("deleted only when it is gone", () => {
    expect(after(deleting, outcome({ kind: "gone" }))).toMatchObject({
      state: empty,
      remote: { state: "gone" },
    });
    expect(after(deleting, present("deleting")).state).toMatchObject({
      status: "deleting",
      step: "look",
    });
  });

  test("a delete that drags on is left to the sweeper, and the slot is free", () => {
    expect(after(deleting, { type: "expired" })).toMatchObject({
      state: empty,
      remote: { state: "abandoned" },
    });
  });
});

describe("probing a running sandbox", () => {
  const probe = (
    value: Extract<SlotEvent, { type: "probe" }>["probe"],
  ): SlotEvent => ({ type: "probe", probe: value });

  test("no answer is no proof of death", () => {
    expect(after(running, probe({ kind: "unknown" })).state).toEqual(running);
    expect(
      after(
        running,
        probe({ kind: "present", provider: "started", daemon: "unreachable" }),
      ).state,
    ).toEqual(running);
  });

  const unclaimed = probe({
    kind: "present",
    provider: "started",
    daemon: "unclaimed",
  });

  test("a daemon that lost its key is claimed again with a new one", () => {
    expect(after(running, unclaimed)).toMatchObject({
      state: { status: "starting", step: "claim" },
      next: "retry",
    });
  });

  test("but not for ever: boots that do not hold end in a stop", () => {
    const claimed = after(claiming, outcome({ kind: "claimed" }), 4);
    expect(claimed.strikes).toBe(5);
    const young = { status: "running", since: NOW - STEADY + 1 } as const;
    expect(after(young, unclaimed, 5)).toMatchObject({
      state: { status: "stopping" },
      failed: { code: "sandbox_unreachable", retryable: true },
      failsAll: true,
    });
    const long = { status: "running", since: NOW - STEADY } as const;
    expect(after(long, unclaimed, 5)).toMatchObject({
      state: { status: "starting", step: "claim" },
      strikes: 0,
    });
  });

  test("what is under way does not hear it: its own step finds out", () => {
    for (const state of all) {
      if (state.status === "running" || isUnwatched(state)) continue;
      expect(after(state, probe({ kind: "gone" })).state).toEqual(state);
    }
  });

  test("what rests and is gone is said to be gone", () => {
    const gone = probe({ kind: "gone" });
    expect(after(stopped, gone)).toMatchObject({
      state: { status: "empty" },
      remote: { state: "gone" },
    });
    const broken = { status: "failed", since: 0, error: refused } as const;
    const lost = after({ ...broken, disk: "kept" }, gone);
    expect(lost.state).toEqual(broken);
    expect(lost.remote).toEqual({ state: "gone" });
  });

  test("a halted replacement whose sandbox is gone goes on with another, or has nothing left", () => {
    const halted = (stage: Stage, step: Step) =>
      after(
        replacing({ stage, step, error: refused }),
        probe({ kind: "gone" }),
      );
    expect(halted("restore", "restore")).toMatchObject({
      state: { stage: "place", step: "wait", error: refused },
      remote: { state: "gone" },
    });
    expect(halted("stop", "stop")).toMatchObject({
      state: { stage: "place", error: refused },
    });
    expect(halted("keep", "keep")).toMatchObject({
      state: { status: "failed" },
      remote: { state: "gone" },
    });
    expect(halted("place", "wait").state).toMatchObject({ stage: "place" });
  });

  test("a start that happens after it was given up is undone", () => {
    expect(
      after(
        stopped,
        probe({ kind: "present", provider: "started", daemon: "unreachable" }),
      ).state,
    ).toMatchObject({ status: "stopping", step: "stop" });
  });
});
