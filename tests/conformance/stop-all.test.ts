import { afterAll, beforeAll, expect, test } from "bun:test";
import { api } from "../../convex/_generated/api";
import { failure } from "../../convex/model/errors";
import { startChat, type Chat } from "./chat-harness";

let chat: Chat;

beforeAll(async () => {
  chat = await startChat();
});
afterAll(async () => {
  await chat?.close();
});

/** Somebody with a running sandbox whose stop failed, and a second one of a skill's own. */
async function withOneLeft(name: string) {
  const person = await chat.person(name);
  const { client, slotId, userId } = person;
  const second = await chat.tx((ctx) =>
    ctx.db.insert("slots", {
      ...{ userId, name: "local/a/b/c", generation: 1, revision: 1 },
      ...{ configWrites: 1, strikes: 0 },
      state: { status: "running", since: Date.now() },
    }),
  );
  const error = failure("launch_timed_out", "Nobody confirmed the stop.");
  await chat.tx((ctx) =>
    ctx.db.insert("fleets", {
      userId,
      items: [{ slotId, state: "failed", error }],
    }),
  );
  const states = async () => {
    const list = await client.query(api.sandboxes.list, {});
    return Object.fromEntries(
      list.map((one) => [one.slotId, one.state.status]),
    );
  };
  const items = async () => {
    const set = await client.query(api.fleet.get, {});
    return set?.items.map((item) => [item.slotId, item.state]);
  };
  return { client, slotId, second, states, items };
}

test("stop again asks those that failed to stop, and leaves alone what runs beside them", async () => {
  const { client, slotId, second, states, items } = await withOneLeft("again");
  expect(await client.mutation(api.fleet.stopFailed, {})).toEqual({
    stopping: 1,
  });
  expect(await states()).toEqual({ [slotId]: "stopping", [second]: "running" });
  expect(await items()).toEqual([[slotId, "stopping"]]);
  // It is on its way: asked once more there is nothing left to ask.
  expect(await client.mutation(api.fleet.stopFailed, {})).toEqual({
    stopping: 0,
  });
});

test("stop all stops all that run, whatever failed before", async () => {
  const { client, slotId, second, states, items } = await withOneLeft("all");
  expect(await client.mutation(api.fleet.stopAll, {})).toEqual({ stopping: 2 });
  expect(await states()).toEqual({
    [slotId]: "stopping",
    [second]: "stopping",
  });
  expect(await items()).toEqual([
    [slotId, "stopping"],
    [second, "stopping"],
  ]);
});
