import { expect, test } from "bun:test";
import { api, internal } from "../../convex/_generated/api";
import type { Doc, Id } from "../../convex/_generated/dataModel";
import {
  MAX_PARTS,
  PAGE_CHARS,
  PAGE_PARTS,
  TURN_LIMIT,
} from "../../convex/model/chat/limits";
import { until } from "./chat-daemon";
import { errorsOf, wordsOf, type Message } from "./chat-harness";
import { ada, chat, chatInTests } from "./chat-tests";

/** Turns that take too long, say too much, or lie beside a sandbox that fails. */

chatInTests();

const done = { kind: "end", reason: "complete" };
const check = () => chat.backend.run(internal.turns.check);

test("one sandbox whose key cannot be opened spoils nobody else's pull", async () => {
  const eve = await chat.person("eve");
  await eve.send("sealed away");
  await ada.send("beside it");
  await chat.daemon.turn("sealed away");
  const turn = await chat.daemon.turn("beside it");
  await eve.answered("running");
  await ada.answered("running");
  turn.say({ kind: "text", delta: "pulled" }, done);
  const turnIds = await chat.tx(async (ctx) => {
    const boot = await ctx.db
      .query("boots")
      .withIndex("by_slot", (q) => q.eq("slotId", eve.slotId))
      .unique();
    if (boot) await ctx.db.patch(boot._id, { sandboxdKey: "no seal of ours" });
    const ids: Id<"turns">[] = [];
    for (const { slotId } of [eve, ada]) {
      const [row] = await ctx.db
        .query("turns")
        .withIndex("by_slot_and_state", (q) => q.eq("slotId", slotId))
        .take(1);
      if (row) ids.push(row._id);
    }
    return ids;
  });
  await chat.backend.run(internal.node.turns.pull, { turnIds });
  expect(wordsOf(await ada.answer())).toBe("pulled");
  expect((await eve.answer()).state).toBe("running");
});

test("a refusal in characters that cannot be stored is told all the same", async () => {
  chat.daemon.answers = [
    { status: 400, body: { code: "\ud800", message: "no" } },
  ];
  await ada.send("half a character");
  const [part] = (await ada.answered("failed")).parts;
  if (part?.body.kind !== "error") throw new Error("It was not told.");
  expect(part.body.error.message.isWellFormed()).toBe(true);
});

test("a turn that never falls silent ends all the same, by our clock", async () => {
  await ada.send("chatter");
  const turn = await chat.daemon.turn("chatter");
  await ada.answered("running");
  await turn.tell({ kind: "text", delta: "on and on" });
  await patchTurn({ startedAt: Date.now() - TURN_LIMIT });
  expect(await turn.tell({ kind: "text", delta: " and on" })).toBe(410);
  const failed = await ada.answered("failed");
  expect(wordsOf(failed)).toBe("on and on");
  expect(errorsOf(failed)).toEqual(["turn_too_long"]);
  await until(() => chat.daemon.stops.includes(turn.request.turnId));
});

test("a stop is not talked over", async () => {
  await ada.send("talks on");
  const turn = await chat.daemon.turn("talks on");
  await ada.answered("running");
  await ada.client.mutation(api.sessions.stop, { sessionId: ada.sessionId });
  await patchTurn({ deadlineAt: 0 });
  expect(await turn.tell({ kind: "text", delta: "but" })).toBe(410);
  expect((await ada.answer()).state).toBe("stopped");
});

test("a message behind a long turn waits its own time from when it comes first", async () => {
  await ada.send("takes long");
  await ada.send("is patient");
  const turn = await chat.daemon.turn("takes long");
  await until(async () => (await stateOf(1)) === "running");
  const late = async () => {
    await patchTurn({ deadlineAt: Date.now() - 1, checkAt: 0 }, "queued");
    await check();
  };
  await late();
  expect(await stateOf(3)).toBe("queued");
  // Once nobody is before it, it waits for its sandbox alone.
  await chat.tx((ctx) =>
    ctx.db.patch(ada.slotId, {
      state: { status: "creating", since: Date.now(), step: "create" },
    }),
  );
  await turn.tell(done);
  await chat.overdue("running");
  await check();
  await late();
  const all = await ada.messages();
  expect(errorsOf(all[3] as Message)).toEqual(["launch_timed_out"]);
});

test("a very long conversation is read within a query's limits", async () => {
  // Answers of as many parts as there may be, each of them short.
  for (let message = 0; message < 24; message += 1) {
    await chat.tx(async (ctx) => {
      const { sessionId } = ada;
      const messageId = await ctx.db.insert("messages", {
        sessionId,
        role: "assistant",
        text: "",
        state: "done",
      });
      for (let seq = 0; seq < MAX_PARTS; seq += 1) {
        const body = { kind: "text" as const, text: `${seq}` };
        await ctx.db.insert("parts", { sessionId, messageId, seq, body });
      }
    });
  }
  const all = await ada.messages();
  expect(all).toHaveLength(24);
  // The newest are whole; the oldest are there, without their parts.
  expect(all.at(-1)?.parts).toHaveLength(MAX_PARTS);
  expect(all[0]).toMatchObject({ parts: [], cut: true });
  expect(all.at(-1)).not.toHaveProperty("cut");
  const rows = all.reduce((sum, { parts }) => sum + parts.length, 0);
  expect(rows).toBeGreaterThanOrEqual(PAGE_PARTS);
  expect(rows).toBeLessThan(PAGE_PARTS + MAX_PARTS + 20);
}, 20_000);

test("what an agent calls its tools counts as what a query answers", async () => {
  const wide = (length: number) => "\u4e00".repeat(length);
  for (let message = 0; message < 10; message += 1) {
    await chat.tx(async (ctx) => {
      const { sessionId } = ada;
      const messageId = await ctx.db.insert("messages", {
        ...{ sessionId, role: "assistant", text: "", state: "done" },
      });
      for (let seq = 0; seq < MAX_PARTS; seq += 1) {
        await ctx.db.insert("parts", {
          ...{ sessionId, messageId, seq },
          body: {
            ...{ kind: "tool", status: "done", startedAt: 0, endedAt: 0 },
            ...{ callId: `${seq}${wide(190)}`, name: wide(100) },
            label: wide(300),
          },
        });
      }
    });
  }
  const all = await ada.messages();
  expect(all.at(-1)?.parts).toHaveLength(MAX_PARTS);
  expect(all[0]?.parts).toEqual([]);
  // With one answer more than its fill, and three bytes a character.
  const { length } = JSON.stringify(all);
  expect(length).toBeLessThan(PAGE_CHARS + 2 * MAX_PARTS * 1_000);
}, 20_000);

/** Rewrites the session's turn of a state, as time would have. */
function patchTurn(
  fields: Partial<Doc<"turns">>,
  state: "queued" | "running" = "running",
): Promise<void> {
  return chat.tx(async (ctx) => {
    const turn = await ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", ada.sessionId).eq("state", state),
      )
      .unique();
    if (!turn) throw new Error(`No turn is ${state}.`);
    await ctx.db.patch(turn._id, fields);
  });
}

async function stateOf(index: number): Promise<string | undefined> {
  const all = await ada.messages();
  return all[index]?.state;
}
