import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type Scene } from "./play";
import { atWork, turnInto } from "./steps";

/** What the provider calls a sandbox, what it refuses because of it, and a disk that is full. */

export const STATES: Record<string, Scene> = {
  "a stopped sandbox that the provider calls broken": {
    async play(on) {
      await atWork(on);
      await on.act("stop");
      await on.pass(20 * SECOND);
      turnInto(on, "error");
      await on.act("start");
      await on.pass(2 * MINUTE);
      hold("what is broken is brought back", on.runs());
      await on.rest();
    },
  },

  "a recover that happens and kills its worker": {
    async play(on) {
      await atWork(on);
      on.ordain("worker in recover of ann's default 1", "die after");
      turnInto(on, "error");
      await on.pass(5 * MINUTE);
      hold("what came back is taken for that", on.runs());
      await on.rest();
    },
  },

  "a stop after which the provider does not find it": {
    async play(on) {
      await atWork(on);
      on.ordain("stop of ann's default 1", "404");
      await on.act("stop");
      await on.pass(5 * MINUTE);
      await on.rest();
    },
  },

  "a disk that is full when its sandbox is woken": {
    async play(on) {
      await atWork(on);
      await on.act("stop");
      await on.pass(20 * SECOND);
      on.ordain("PUT /config of ann's default 2", "full");
      const first = await on.launch();
      const failed = () => on.launched(first) === "failed";
      await on.until("who waits is told", failed, MINUTE);
      await on.pass(5 * MINUTE);
      hold("its owner can make room in it", on.runs());
      const second = await on.launch();
      await on.pass(20 * SECOND);
      hold("with room it is launched", on.launched(second) === "ready");
      await on.rest();
    },
  },

  "an install on a disk that is full": {
    async play(on) {
      on.ordain("POST /skills of ann's default 1", "full");
      const first = await on.launch();
      const failed = () => on.launched(first) === "failed";
      await on.until("who waits is told", failed, MINUTE);
      const [launch] = disk.all("launches");
      const error = launch?.state.state === "failed" && launch.state.error;
      hold("it is told why", error && error.code === "disk_full");
      await on.pass(5 * MINUTE);
      const second = await on.launch();
      await on.pass(20 * SECOND);
      hold("with room it is launched", on.launched(second) === "ready");
      await on.rest();
    },
  },

  "a look at one that the provider is stopping": {
    async play(on) {
      await atWork(on);
      turnInto(on, "stopping");
      await on.until("it is looked at", () => on.world.calls.get("get") !== 0);
      await on.pass(2 * MINUTE);
      turnInto(on, "stopped");
      await on.pass(3 * MINUTE);
      hold("what nobody wants is not started", !on.runs());
      await on.rest();
    },
  },
};
