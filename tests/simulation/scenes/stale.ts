import { AUTO_STOP } from "../../../convex/model/timing";
import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";
import { atWork, isAnswered, isLaunched, turnInto } from "./steps";

/** It is called running, and nobody who knows us is where the records say. */

/** It began anew, with other keys. */
function moveAway(on: OnStage): void {
  const [box] = on.world.live();
  if (box) on.world.reboot(box);
}

/** Nobody claimed it: a stop came while it started for the first time, and did not happen. */
async function neverClaimed(on: OnStage): Promise<void> {
  on.world.mood = "nine-minutes";
  on.ordain("start of ann's default 1", "pending");
  await on.launch();
  await on.pass(10 * SECOND);
  turnInto(on, "stopped"); // before anybody could claim it
  const starts = () => on.slot().state.status === "starting";
  await on.until("it is started", starts);
  await on.pass(20 * SECOND);
  await on.act("stop");
  const isOver = () => on.runs();
  await on.until("nothing is called stopped", isOver, 6 * MINUTE);
  const [box] = on.world.live();
  if (box) on.world.boot(box); // before anybody looks
  on.world.mood = "none";
}

export const STALE: Record<string, Scene> = {
  "a stop that does not happen to one that is still starting": {
    async play(on) {
      await neverClaimed(on);
      const { state } = on.slot();
      const told = "error" in state ? state.error?.code : null;
      hold("its owner is told", told === "stop_timed_out");
      await on.pass(2 * MINUTE);
      await isLaunched(on);
      await on.rest();
    },
  },

  "a launch into one that was to stop, and did not": {
    async play(on) {
      await atWork(on);
      on.world.mood = "nine-minutes";
      on.ordain("stop of ann's default", "ignored");
      await on.act("stop");
      await on.pass(SECOND);
      await on.until("nothing is called stopped", () => on.runs(), 6 * MINUTE);
      const { revision } = on.slot();
      await isLaunched(on);
      const { state } = on.slot();
      const isSame = on.slot().revision === revision;
      hold("what runs on keeps its terminals", isSame);
      hold("what is wanted on is not said to be left", !("error" in state));
      await on.rest();
    },
  },

  "a launch while a stop is under way that does not happen": {
    async play(on) {
      await atWork(on);
      on.ordain("stop of ann's default", "before");
      await on.act("stop");
      await on.pass(SECOND);
      await on.launch({ skill: 1 });
      await on.until("nothing is called stopped", () => on.runs(), 6 * MINUTE);
      const isKept = () => !("error" in on.slot().state);
      await on.until("what is wanted on is not said to be left", isKept);
      await on.rest();
    },
  },

  "a conversation that is deleted while its sandbox turns out to be gone": {
    async play(on) {
      await atWork(on);
      for (const box of on.world.live()) box.state = "destroyed";
      await on.launch();
      const [, session] = disk.all("sessions");
      const sessionId = session?._id ?? "";
      await on.call("sessions:remove", { sessionId });
      await on.pass(5 * MINUTE);
      hold("nothing is made for nobody", on.world.creates === 1);
      await on.rest();
    },
  },

  "a message to one that was never claimed": {
    async play(on) {
      await neverClaimed(on);
      await isAnswered(on);
      await on.rest();
    },
  },

  "a replacement of one that was never claimed": {
    async play(on) {
      await neverClaimed(on);
      await on.act("replace");
      await on.until("it is replaced", () => on.runs());
      await on.rest();
    },
  },

  "a sandbox that moves while its agent works, and another message": {
    async play(on) {
      await on.launch();
      await on.launch({ skill: 1 });
      await on.pass(20 * SECOND);
      const [first, second] = disk.all("sessions").map(({ _id }) => _id);
      await on.call("sessions:send", {
        ...{ sessionId: first ?? "", text: "Work.", clientId: "work" },
      });
      const works = () => disk.all("turns").some((t) => t.state === "running");
      await on.until("the agent works", works);
      moveAway(on);
      await on.pass(20 * SECOND);
      await isAnswered(on, second);
      await on.rest();
    },
  },

  "a sandbox that was idle for long, and is somewhere else by now": {
    async play(on) {
      await atWork(on);
      moveAway(on);
      await on.pass(AUTO_STOP);
      await isLaunched(on); // what is there already
      await on.rest();
    },
  },

  "a sandbox that is somewhere else before it is configured": {
    async play(on) {
      await atWork(on);
      await on.act("stop");
      await on.pass(20 * SECOND);
      await on.act("start");
      await on.until("it is started", () => on.runs());
      moveAway(on);
      await on.pass(2 * MINUTE);
      hold("what is started runs", on.runs());
      await on.rest();
    },
  },

  "a message for a skill that is not there, to one that is somewhere else": {
    async play(on) {
      await atWork(on);
      const [session] = disk.all("sessions");
      await on.act("remove");
      await on.pass(20 * SECOND);
      await isLaunched(on, 1);
      moveAway(on);
      await isAnswered(on, session?._id);
      await on.rest();
    },
  },
};
