import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { api, internal } from "../../convex/_generated/api";
import {
  errorsOf,
  SHA,
  SKILL_KEY,
  startChat,
  storeSkill,
  type Chat,
  type Person,
} from "./chat-harness";

/** The queue as its users meet it, with every place taken. */

let chat: Chat;
let ada: Person;
let count = 0;

beforeAll(async () => {
  chat = await startChat({ env: { SLIPWAY_MAX_SANDBOXES: "1" } });
  await storeSkill(chat);
  const other = await chat.person("holder");
  await chat.tx(async (ctx) => {
    const remote = await ctx.db.query("remotes").first();
    if (!remote) throw new Error("There is no remote.");
    const { _id: remoteId } = remote;
    await ctx.db.insert("places", { remoteId, userId: other.userId });
  });
});
afterAll(() => chat.close());
beforeEach(async () => {
  ada = await chat.person(`ada${(count += 1)}`);
  const state = { status: "stopped", since: 0, by: "user" } as const;
  await chat.tx((ctx) => ctx.db.patch(ada.slotId, { state }));
});

const slotOf = async (person: Person) => {
  const { slotId } = person;
  const slot = await person.client.query(api.sandboxes.getSandbox, { slotId });
  if (!slot) throw new Error("There is no slot.");
  return slot;
};

const launch = (person: Person) =>
  person.client.mutation(api.launches.request, {
    ...{ skillKey: SKILL_KEY, sha: SHA, clientId: crypto.randomUUID() },
  });

test("a launch waits with a position, and leaving puts everything back", async () => {
  const { launchId } = await launch(ada);
  const view = await ada.client.query(api.launches.get, { launchId });
  expect(view).toMatchObject({ state: "queued" });
  expect(view?.position).toBeGreaterThan(0);
  expect((await slotOf(ada)).state).toMatchObject({
    status: "queued",
    for: "launch",
  });
  await ada.client.mutation(api.launches.cancel, { launchId });
  expect((await slotOf(ada)).state.status).toBe("stopped");
});

test("one behind the other: who leaves moves the next one up, nobody down", async () => {
  const bob = await chat.person(`bob${count}`);
  const state = { status: "stopped", since: 0, by: "user" } as const;
  await chat.tx((ctx) => ctx.db.patch(bob.slotId, { state }));
  const first = await launch(ada);
  await launch(bob);
  const before = (await slotOf(bob)).position ?? 0;
  expect(before).toBe(((await slotOf(ada)).position ?? 0) + 1);
  await ada.client.mutation(api.launches.cancel, { launchId: first.launchId });
  expect((await slotOf(bob)).position).toBe(before - 1);
  await bob.client.mutation(api.sandboxes.stop, { slotId: bob.slotId });
});

test("a message waits for the place too, and stopping the sandbox ends the wait", async () => {
  await ada.send("wake up");
  expect((await slotOf(ada)).state.status).toBe("queued");
  await ada.client.mutation(api.sandboxes.stop, { slotId: ada.slotId });
  await ada.answered("failed");
  expect((await slotOf(ada)).state.status).toBe("stopped");
});

test("a launch and a message whose time ends in line are told that no place became free", async () => {
  const { launchId } = await launch(ada);
  await ada.send("wake up in time");
  // As if they had been waiting for something else before.
  await chat.tx(async (ctx) => {
    const turns = await ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", ada.sessionId).eq("state", "queued"),
      )
      .collect();
    for (const { _id } of turns) {
      await ctx.db.patch("turns", _id, { checkAt: 0, deadlineAt: 0 });
    }
    await ctx.db.patch("launches", launchId, { deadlineAt: 0 });
  });
  await chat.backend.run(internal.turns.check, {});
  expect(errorsOf(await ada.answered("failed"))).toEqual(["queue_timed_out"]);
  await chat.backend.run(internal.lifecycle.expiry.expire, {});
  expect(await ada.client.query(api.launches.get, { launchId })).toMatchObject({
    state: "failed",
    error: {
      code: "queue_timed_out",
      message: "No place became free in time.",
    },
  });
  expect((await slotOf(ada)).state.status).toBe("stopped");
});

test("a message that is taken back leaves the queue", async () => {
  await ada.send("wake up, or not");
  expect((await slotOf(ada)).state.status).toBe("queued");
  const { sessionId } = ada;
  await ada.client.mutation(api.sessions.stop, { sessionId });
  expect((await slotOf(ada)).state.status).toBe("stopped");
});

test("a launch that leaves does not take along what the owner started", async () => {
  const { launchId } = await launch(ada);
  const { slotId } = ada;
  await ada.client.mutation(api.sandboxes.start, { slotId });
  await ada.client.mutation(api.launches.cancel, { launchId });
  expect((await slotOf(ada)).state).toMatchObject({
    status: "queued",
    for: "owner",
  });
  await ada.client.mutation(api.sandboxes.stop, { slotId });
});
