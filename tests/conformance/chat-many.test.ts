import { beforeAll, expect, test } from "bun:test";
import { api, internal } from "../../convex/_generated/api";
import type { Doc, Id } from "../../convex/_generated/dataModel";
import { START } from "../../convex/model/chat/apply";
import {
  MAX_MESSAGE,
  MAX_WAITING,
  MAX_WAITING_AT,
} from "../../convex/model/chat/limits";
import { until } from "./chat-daemon";
import { SHA, SKILL_KEY, type Person } from "./chat-harness";
import { ada, chat, chatInTests } from "./chat-tests";

/** More of one person's messages than one transaction can read, each as long as it may be. */

beforeAll(() => {
  // There is no provider here: whatever the lifecycle asks of it is refused.
  delete process.env.DAYTONA_API_URL;
  delete process.env.DAYTONA_API_KEY;
});
chatInTests();

const MANY = MAX_WAITING_AT;
const check = () => chat.backend.run(internal.turns.check);

test("one person's many long messages do not keep another's from being looked at", async () => {
  const eve = await chat.person("eve");
  const creating = { status: "creating", step: "create" } as const;
  await setSlot(eve, { status: "running", since: Date.now() });
  // Six that are under way are read for whatever waits behind them.
  await write(eve, 6, { state: "running", generation: 1, checkAt: 1 });
  await write(eve, MANY, { checkAt: 100 });
  await setSlot(ada, { ...creating, since: Date.now() });
  await ada.send("beside them");
  await setSlot(ada, { status: "running", since: Date.now() });
  await due(ada, 1_000);
  await check();
  await chat.daemon.turn("beside them");
  await ada.answered("running");
  // And all of hers have been looked at too.
  await until(async () => (await turnsOf(eve)).every(isLookedAt));
});

test("a slot that fails holds up no other", async () => {
  const eve = await chat.person("eve2");
  await write(eve, MANY, { checkAt: 100 });
  await chat.tx((ctx) => ctx.db.delete(eve.slotId));
  await setSlot(ada, { status: "creating", step: "create", since: Date.now() });
  await ada.send("behind them");
  await setSlot(ada, { status: "running", since: Date.now() });
  await due(ada, 1_000);
  await check();
  await chat.daemon.turn("behind them");
  await ada.answered("running");
  const left = await turnsOf(eve);
  expect(left).toHaveLength(MANY);
  await chat.tx(async (ctx) => {
    for (const { _id } of left) await ctx.db.delete(_id);
  });
});

test("no more messages wait for one sandbox than each change of it can look at", async () => {
  await write(ada, MANY, {});
  const sent = ada.send("one too many", await ada.newSession());
  await expect(sent).rejects.toMatchObject({
    data: {
      code: "rate_limited",
      message: `${MANY} messages are still waiting for this sandbox.`,
    },
  });
});

test("a sandbox that is gone fails all that waited for it, however much that is", async () => {
  await write(ada, MANY, {});
  await setSlot(ada, { status: "empty" });
  await due(ada, 1, 1);
  await check();
  await until(async () => (await turnsOf(ada)).length === 0);
});

test("stopping a sandbox that waits for its place fails all, and wakes nothing", async () => {
  const from = { status: "stopped", since: 0, by: "user" } as const;
  const since = Date.now();
  await write(ada, MANY, {});
  await setSlot(ada, { status: "queued", since, for: "launch", from });
  await ada.client.mutation(api.sandboxes.stop, { slotId: ada.slotId });
  const seen = new Set<string | undefined>();
  await until(async () => {
    seen.add(await statusOf(ada));
    return (await turnsOf(ada)).length === 0;
  });
  seen.add(await statusOf(ada));
  expect([...seen]).toEqual(["stopped"]);
});

function setSlot(of: Person, state: Doc<"slots">["state"]): Promise<void> {
  return chat.tx((ctx) => ctx.db.patch(of.slotId, { state }));
}

const statusOf = (of: Person) =>
  chat.tx(async (ctx) => (await ctx.db.get(of.slotId))?.state.status);

const isLookedAt = ({ checkAt }: Doc<"turns">) => checkAt > 1_000;

/** A person's turns that have not ended. */
async function turnsOf({ slotId }: Person): Promise<Doc<"turns">[]> {
  const found: Doc<"turns">[] = [];
  for (const state of ["queued", "sending", "running"] as const) {
    found.push(
      ...(await chat.tx((ctx) =>
        ctx.db
          .query("turns")
          .withIndex("by_slot_and_state", (q) =>
            q.eq("slotId", slotId).eq("state", state),
          )
          .take(2 * MANY),
      )),
    );
  }
  return found;
}

/** Lets the first of them be due. */
async function due(of: Person, checkAt: number, most = MANY): Promise<void> {
  const turns = (await turnsOf(of)).slice(0, most);
  await chat.tx(async (ctx) => {
    for (const { _id } of turns) await ctx.db.patch(_id, { checkAt });
  });
}

/** Turns as they stand in the records, as many in a session as may wait there. */
async function write(
  { userId, slotId }: Person,
  count: number,
  fields: Partial<Doc<"turns">>,
): Promise<void> {
  const later = Date.now() + 10 * 60_000;
  let sessionId: Id<"sessions"> | null = null;
  for (let i = 0; i < count; i += 1) {
    await chat.tx(async (ctx) => {
      if (!sessionId || i % MAX_WAITING === 0 || fields.state) {
        sessionId = await ctx.db.insert("sessions", {
          ...{ userId, slotId, skillKey: SKILL_KEY, sha: SHA },
          ...{ skillName: "one", link: "/ada/tools/one", title: "one" },
        });
      }
      const state = "queued";
      await ctx.db.insert("messages", {
        ...{ sessionId, role: "user", state: "done" },
        // What JSON writes as six characters.
        text: "\u0001".repeat(MAX_MESSAGE),
      });
      const messageId = await ctx.db.insert("messages", {
        ...{ sessionId, role: "assistant", text: "", state },
      });
      await ctx.db.insert("turns", {
        ...{ sessionId, slotId, userId, messageId, state },
        ...{ pushTokenHashes: [], attempt: 0, cursor: START },
        ...{ stopRequested: false, startedAt: Date.now() },
        ...{ lastEventAt: Date.now(), checkAt: later, deadlineAt: later },
        ...fields,
        ...(fields.checkAt && { checkAt: fields.checkAt + i }),
      });
    });
  }
}
