import { hold } from "../hold";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** What is said in a conversation, and what comes of it. */

const answers = () =>
  disk.all("messages").filter(({ role }) => role !== "user");
const answer = () => answers()[0];
const turn = () => disk.all("turns")[0];
const isOver = () => ["done", "failed"].includes(answer()?.state ?? "");

/** The first conversation of a sandbox that runs. */
async function conversation(on: OnStage): Promise<string> {
  await on.launch();
  await on.pass(20 * SECOND);
  return disk.all("sessions")[0]?._id ?? "";
}

let said = 0;

async function say(
  on: OnStage,
  sessionId: string,
  clientId = `said ${(said += 1)}`,
): Promise<void> {
  const text = `Words of ${clientId}.`;
  await on.call("sessions:send", { sessionId, text, clientId });
}

/** What was said fails at once; what is said when there is room is answered. */
async function toldOfFullDisk(on: OnStage, sessionId: string): Promise<void> {
  await on.until("who waits is told", isOver, MINUTE);
  const codes = disk
    .all("parts")
    .map(({ body }) => body.kind === "error" && body.error.code);
  hold("it is told why", codes.join() === "disk_full");
  await on.pass(5 * MINUTE);
  hold("its owner can make room in it", on.runs());
  await say(on, sessionId);
  const answered = () => answers()[1]?.state === "done";
  await on.until("with room it is answered", answered, 8 * MINUTE);
  await on.rest();
}

export const TURNS: Record<string, Scene> = {
  "a message and its answer": {
    async play(on) {
      await say(on, await conversation(on));
      await on.until("it is answered", isOver, 8 * MINUTE);
      hold("a fair agent answers", answer()?.state === "done");
      await on.rest();
    },
  },

  "a message to a sandbox that denies what it was given": {
    async play(on) {
      const sessionId = await conversation(on);
      on.world.mood = "denies-busily";
      await say(on, sessionId);
      await on.until("it is told so in time", isOver, 5 * MINUTE);
      await on.rest();
    },
  },

  "a message that is sent twice": {
    async play(on) {
      const sessionId = await conversation(on);
      await say(on, sessionId, "the same");
      await say(on, sessionId, "the same");
      await on.rest();
    },
  },

  "two messages in one conversation": {
    async play(on) {
      const sessionId = await conversation(on);
      await say(on, sessionId);
      await say(on, sessionId);
      const done = () => answers().every(({ state }) => state === "done");
      await on.until("both are answered", done, 16 * MINUTE);
      await on.rest();
    },
  },

  "a message to a sandbox that wakes with a full disk": {
    async play(on) {
      const sessionId = await conversation(on);
      await on.act("stop");
      await on.pass(20 * SECOND);
      on.ordain("PUT /config of ann's default 2", "full");
      await say(on, sessionId);
      await toldOfFullDisk(on, sessionId);
    },
  },

  "a message to a sandbox whose disk is full": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("POST /turns of ann's default 1", "full");
      await say(on, sessionId);
      await toldOfFullDisk(on, sessionId);
    },
  },

  "a sender with a token of its own": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("POST /turns of ann's default 1", "slow");
      await say(on, sessionId);
      await on.pass(SECOND);
      const { _id: slotId, generation } = on.slot();
      await on.claim("chat/sending:sent", {
        ...{ turnId: turn()?._id ?? "", slotId, generation },
        token: "another",
        ms: 1,
        outcome: { kind: "accepted" },
      });
      await on.rest();
    },
  },

  "events with a token of their own": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.until("it works", () => turn()?.state === "running");
      const from = turn()?.cursor.next ?? 0;
      const events = [{ n: from, kind: "text", delta: "Trust me." }];
      await on.claim("chat/receiving:push", {
        turnId: turn()?._id ?? "",
        tokenHash: "another",
        from,
        events,
      });
      await on.rest(40);
    },
  },

  "events whose receipt is lost": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("push of ann's default", "answer lost");
      for (let i = 0; i < 3; i++) await say(on, sessionId);
      const done = () => answers().every(({ state }) => state === "done");
      await on.until("all are answered", done, 20 * MINUTE);
      hold("something was said", disk.all("parts").length > 0);
      await on.rest();
    },
  },

  "events that are never pushed": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("way out of ann's default", "blocked");
      await say(on, sessionId);
      await on.until("it is answered", isOver, 10 * MINUTE);
      hold("what is not pushed is pulled", answer()?.state === "done");
      await on.rest();
    },
  },

  "an answer that breaks off": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "breaks off");
      await say(on, sessionId);
      await on.until("it is over", isOver, 10 * MINUTE);
      await on.rest();
    },
  },

  "an agent that falls silent": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.pass(20 * MINUTE);
      hold("silence is no answer", answer()?.state === "failed");
      await on.rest();
    },
  },

  "an agent that goes on for too long": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "goes on for too long");
      await say(on, sessionId);
      await on.pass(38 * MINUTE);
      hold("no agent works for ever", answer()?.state === "failed");
      await on.rest(40);
    },
  },

  "a sandbox that is stopped while its agent works": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.until("it works", () => turn()?.state === "running");
      await on.act("stop");
      await on.rest();
    },
  },

  "a sandbox that gets its keys anew while its agent works": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.until("it works", () => turn()?.state === "running");
      const [box] = on.world.live();
      if (box) box.claim = { key: "of an upload that landed late" };
      await on.until("it is given up", isOver, 5 * MINUTE);
      await on.rest();
    },
  },

  "a stop that nobody answers": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.until("it works", () => turn()?.state === "running");
      on.ordain("POST /turns/stop of ann's default", "before");
      await on.call("sessions:stop", { sessionId });
      await on.pass(MINUTE);
      await on.rest();
    },
  },

  "a message to a sandbox whose daemon has restarted": {
    async play(on) {
      const sessionId = await conversation(on);
      const [box] = on.world.live();
      if (box) on.world.reboot(box);
      await say(on, sessionId);
      await on.until("it is over", isOver, 10 * MINUTE);
      hold("a fair agent answers", answer()?.state === "done");
      await on.rest();
    },
  },

  "a stop on its heels": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "goes on for too long");
      on.ordain("POST /turns of ann's default 1", "late");
      await say(on, sessionId);
      await on.pass(2 * SECOND);
      await on.call("sessions:stop", { sessionId });
      await on.pass(4 * MINUTE);
      await on.rest();
    },
  },

  "a message that arrives after its conversation was deleted": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      on.ordain("POST /turns of ann's default 1", "late");
      await say(on, sessionId);
      await on.pass(2 * SECOND);
      await on.call("sessions:remove", { sessionId });
      await on.pass(4 * MINUTE);
      const runs = [...on.world.runs.values()].flat();
      const works = runs.some((run) => run.works);
      hold("no agent works for nobody", runs.length > 0 && !works);
      await on.rest();
    },
  },

  "a message that is taken back and handed over again": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("POST /turns of ann's default 1", "after");
      on.ordain("push of ann's default", "lost");
      on.ordain("upload of ann's default", "slow");
      on.ordain("GET /turns of ann's default", "before");
      await say(on, sessionId);
      await on.until("it arrived", () => on.world.runs.size > 0);
      const [box] = on.world.live();
      if (box) box.claim = { key: "of an upload that landed late" };
      const waits = () => turn()?.state === "queued";
      await on.until("it is taken back", waits, MINUTE);
      on.world.fate.ordained.delete("push of ann's default");
      await on.until("it is answered", isOver, 8 * MINUTE);
      hold("it is pushed all the same", answer()?.state === "done");
      await on.rest();
    },
  },

  "a replacement while a stop is owed": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.until("it works", () => turn()?.state === "running");
      on.ordain("POST /turns/stop of ann's default", "before");
      await on.call("sessions:stop", { sessionId });
      await on.until("it is over", () => turn()?.state === "ended", MINUTE);
      await on.act("replace");
      on.world.fate.ordained.clear();
      const replaced = () => on.runs() && on.slot().generation === 2;
      await on.until("what runs is stopped for it", replaced, 3 * MINUTE);
      await on.rest();
    },
  },

  "a hand-over that meets the next one": {
    async play(on) {
      const sessionId = await conversation(on);
      on.ordain("POST /turns of ann's default 1", "slow");
      on.ordain("agent of ann's default 1", "falls silent");
      await say(on, sessionId);
      await on.pass(SECOND);
      await on.call("sessions:stop", { sessionId });
      await say(on, sessionId);
      const works = () => disk.all("turns")[1]?.state === "running";
      await on.until("the next one works", works);
      await on.pass(MINUTE);
      hold("it works on", works());
      await on.rest(40);
    },
  },
};
