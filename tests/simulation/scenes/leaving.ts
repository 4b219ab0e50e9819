import { NO_PROGRESS } from "../../../convex/model/chat/limits";
import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";
import { atWork, isAnswered, isLaunched, say, turnInto } from "./steps";

/** The provider stops one by itself, slowly, and somebody wants it meanwhile. */

/** It is off after so long. */
function stopSlowly(on: OnStage, ms = 2 * MINUTE): void {
  turnInto(on, "stopping");
  on.world.clock.after(ms, () => turnInto(on, "stopped"));
}

/** From here on, and for so long, the provider has no word to say of it. */
function silence(on: OnStage, ms: number): void {
  const about = "get of ann's default";
  on.ordain(about, "before");
  on.world.clock.after(ms, () => on.world.fate.ordained.delete(about));
}

const isLeaving = () => disk.all("activity").some((row) => row.leaving);

/** It is woken for a launch, and goes before its config is written. */
async function leftUnconfigured(on: OnStage, leave: () => void): Promise<void> {
  await atWork(on);
  await on.act("stop");
  await on.pass(20 * SECOND);
  on.ordain("PUT /config of ann's default", "before");
  const launch = await on.launch();
  await on.until("it is started", () => on.runs());
  leave();
  on.world.fate.ordained.clear();
  const isReady = () => on.launched(launch) === "ready";
  await on.until("whoever launches is served", isReady, 4 * MINUTE);
  await on.rest();
}

export const LEAVING: Record<string, Scene> = {
  "a message to one that the provider is stopping": {
    async play(on) {
      await atWork(on);
      stopSlowly(on);
      await isAnswered(on);
      await on.rest();
    },
  },

  "a message to one that the provider never gets to stop": {
    async play(on) {
      await atWork(on);
      turnInto(on, "stopping");
      await say(on);
      const isTold = () =>
        disk.all("messages").some(({ state }) => state === "failed");
      await on.until("who wrote is told", isTold, NO_PROGRESS + MINUTE);
      turnInto(on, "stopped");
      await on.rest();
    },
  },

  "a message while the provider stops it, and says nothing for a while": {
    async play(on) {
      await atWork(on);
      stopSlowly(on);
      await say(on);
      await on.until("it is seen", isLeaving);
      await on.pass(10 * SECOND);
      silence(on, 30 * SECOND);
      await isAnswered(on);
      await on.rest();
    },
  },

  "a skill for one that the provider is stopping": {
    async play(on) {
      await atWork(on);
      stopSlowly(on);
      const sent = on.world.calls.get("POST /skills") ?? 0;
      await isLaunched(on, 1, 4 * MINUTE);
      const calls = (on.world.calls.get("POST /skills") ?? 0) - sent;
      hold("nothing flies to what is leaving", calls < 30); // each flight calls a few times
      await on.rest();
    },
  },

  "a skill for one of which nothing is heard, and that is broken": {
    async play(on) {
      await atWork(on);
      turnInto(on, "error");
      const looks = on.world.calls.get("get") ?? 0;
      for (let n = 1; n <= 5; n++) {
        on.ordain(`get of ann's default ${looks + n}`, "before");
      }
      await isLaunched(on, 1, 4 * MINUTE);
      await on.rest();
    },
  },

  "one that is left on, is stopped after all, and is wanted": {
    async play(on) {
      await atWork(on);
      turnInto(on, "stopping");
      await on.act("stop");
      await on.until("its stop is given up", () => on.runs(), 6 * MINUTE);
      await on.until("it is seen", isLeaving, 2 * MINUTE);
      silence(on, 20 * SECOND);
      on.world.clock.after(MINUTE, () => turnInto(on, "stopped"));
      await isLaunched(on, 1, 4 * MINUTE);
      await on.rest();
    },
  },

  "one whose daemon is silent before it is configured": {
    async play(on) {
      await atWork(on);
      await on.act("stop");
      await on.pass(20 * SECOND);
      for (const route of ["PUT /config", "GET /health"]) {
        on.ordain(`${route} of ann's default`, "error");
      }
      const launch = await on.launch();
      await on.pass(40 * SECOND);
      on.world.fate.ordained.clear();
      const isReady = () => on.launched(launch) === "ready";
      await on.until("whoever launches is served", isReady);
      await on.rest();
    },
  },

  "one that the provider stops before it is configured": {
    play: (on) => leftUnconfigured(on, () => turnInto(on, "stopped")),
  },

  "one that the provider is stopping before it is configured": {
    play: (on) => leftUnconfigured(on, () => stopSlowly(on)),
  },
};
