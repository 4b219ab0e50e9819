import { beforeAll, expect, test } from "bun:test";
import { api, internal } from "../../convex/_generated/api";
import type { Doc } from "../../convex/_generated/dataModel";
import { failure } from "../../convex/model/errors";
import { until } from "./chat-daemon";
import { errorsOf, SHA, SKILL_KEY } from "./chat-harness";
import { ada, chat, chatInTests } from "./chat-tests";

/** What becomes of messages as their sandbox stops, wakes, is replaced or lacks the skill. */

beforeAll(() => {
  // There is no provider here: whatever the lifecycle asks of it is refused.
  delete process.env.DAYTONA_API_URL;
  delete process.env.DAYTONA_API_KEY;
});
chatInTests();

const check = () => chat.backend.run(internal.turns.check);
const setSlot = (state: Doc<"slots">["state"], more: object = {}) =>
  chat.tx((ctx) => ctx.db.patch(ada.slotId, { state, ...more }));
const slotStatus = () =>
  chat.tx(async (ctx) => (await ctx.db.get(ada.slotId))?.state.status);
const installed = () =>
  chat.tx((ctx) =>
    ctx.db
      .query("installedSkills")
      .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
        q.eq("slotId", ada.slotId),
      )
      .take(10),
  );
/** How far the session's turns are: a message that is being handed over says "queued" too. */
const turns = (sessionId = ada.sessionId) =>
  chat.tx(async (ctx) => {
    const all = await ctx.db.query("turns").collect();
    const own = all.filter((turn) => turn.sessionId === sessionId);
    return own.map(({ state }) => state);
  });
const states = async () =>
  (await ada.messages()).map(({ role, state }) => `${role}: ${state}`);

test("while the sandbox is made, a message waits; when it is there, it goes", async () => {
  await setSlot({ status: "creating", since: Date.now(), step: "create" });
  await ada.send("early");
  expect(await turns()).toEqual(["queued"]);
  await setSlot({ status: "running", since: Date.now() });
  await chat.overdue("queued");
  await check();
  await chat.daemon.turn("early");
  await ada.answered("running");
});

test("a message wakes a stopped sandbox; if it cannot start, the message says why", async () => {
  await setSlot({ status: "stopped", since: Date.now(), by: "provider" });
  await ada.send("wake up");
  const failed = await ada.answered("failed");
  expect(errorsOf(failed)).toEqual(["provider_not_configured"]);
  // It is not woken again and again for a message that has failed.
  await check();
  expect(await slotStatus()).toBe("stopped");
});

test("a user's stop ends what ran and what waited, and wakes nothing", async () => {
  await ada.send("runs here");
  await ada.send("waits here");
  await chat.daemon.turn("runs here");
  await ada.client.mutation(api.sandboxes.stop, { slotId: ada.slotId });
  expect(await states()).toEqual([
    "user: done",
    "assistant: failed",
    "user: done",
    "assistant: failed",
  ]);
  expect(errorsOf(await ada.answer())).toEqual(["sandbox_not_running"]);
});

test("what is asked for while it stops waits for the next start", async () => {
  await setSlot({ status: "stopping", since: Date.now(), step: "look" });
  await ada.send("later");
  expect(await turns()).toEqual(["queued"]);
  await setSlot({ status: "running", since: Date.now() });
  await chat.overdue("queued");
  await check();
  await chat.daemon.turn("later");
});

test("a sandbox made anew gets the session's skill again; where that fails, the message says why", async () => {
  await chat.tx(async (ctx) => {
    await ctx.db.patch(ada.slotId, { generation: 2 });
    const boot = await ctx.db
      .query("boots")
      .withIndex("by_slot", (q) => q.eq("slotId", ada.slotId))
      .unique();
    if (boot) await ctx.db.patch(boot._id, { generation: 2 });
  });
  await ada.send("again");
  const flight = await flightOf(2);
  expect(flight).toMatchObject({ skillKey: SKILL_KEY, sha: SHA });
  expect(await turns()).toEqual(["queued"]);
  // A flight that only went missing, as with a restart, is flown anew.
  await chat.tx(async (ctx) => {
    if (flight) await ctx.db.delete(flight._id);
  });
  await chat.overdue("queued");
  await check();
  const next = await flightOf(2);
  expect(await turns()).toEqual(["queued"]);
  const error = failure("archive_hostile", "It has a link out of its folder.");
  await chat.backend.run(internal.lifecycle.installs.report, {
    ...{ slotId: ada.slotId, token: next?.token ?? "", ms: 1 },
    outcome: { kind: "refused", error },
  });
  expect(errorsOf(await ada.answered("failed"))).toEqual(["archive_hostile"]);
});

test("the disk lacks a skill the record lists: the record is mended", async () => {
  chat.daemon.answers = [
    { status: 409, body: { code: "skill_not_installed", message: "no" } },
  ];
  await ada.send("where is it");
  await until(async () => (await installed()).length === 0);
  expect(await flightOf(1)).not.toBeNull();
});

test("a failed launch leaves alone what another launch will serve", async () => {
  await setSlot({ status: "creating", since: Date.now(), step: "create" });
  const other = await ada.newSession();
  await ada.send("mine");
  await ada.send("theirs", other);
  await chat.tx(async (ctx) => {
    await ctx.db.insert("launches", {
      userId: ada.userId,
      slotId: ada.slotId,
      sessionId: other,
      skillKey: SKILL_KEY,
      sha: SHA,
      skillName: "one",
      link: "/ada/tools/one",
      active: true,
      state: { state: "creating" },
      deadlineAt: Date.now() + 60_000,
      steps: [],
    });
    const { failTurns } = await import("../../convex/turns");
    const error = failure("sandbox_failed", "The provider could not.");
    await failTurns(ctx, ada.slotId, error);
  });
  expect(errorsOf(await ada.answered("failed"))).toEqual(["sandbox_failed"]);
  expect(await turns(other)).toEqual(["queued"]);
});

test("a message nobody can serve does not wait for ever", async () => {
  await setSlot({ status: "creating", since: Date.now(), step: "create" });
  await ada.send("forever");
  await chat.tx(async (ctx) => {
    const turn = await ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", ada.sessionId).eq("state", "queued"),
      )
      .unique();
    if (turn) await ctx.db.patch(turn._id, { checkAt: 0, deadlineAt: 0 });
  });
  await check();
  expect(errorsOf(await ada.answered("failed"))).toEqual(["launch_timed_out"]);
});

function flightOf(generation: number) {
  return chat.tx((ctx) =>
    ctx.db
      .query("installs")
      .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
        q.eq("slotId", ada.slotId).eq("generation", generation),
      )
      .first(),
  );
}
