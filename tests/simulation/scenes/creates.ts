import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type Scene } from "./play";

/** Creates that are lost, late, refused or asked for twice, and what waits for them. */

const NEWS = "a launch gets what was made for it";

export const CREATES: Record<string, Scene> = {
  "a create whose answer is lost": {
    async play(on) {
      on.ordain("create of ann's default 1", "after");
      const launch = await on.launch();
      await on.pass(6 * MINUTE);
      hold(NEWS, on.launched(launch) === "ready" && on.world.creates === 1);
      await on.rest();
    },
  },

  "a name that somebody else holds": {
    async play(on) {
      on.ordain("create of ann's default 1", "squatted");
      await on.launch();
      await on.pass(2 * MINUTE);
      await on.rest();
    },
  },

  "a name that somebody else takes while a create is unanswered": {
    async play(on) {
      on.ordain("create of ann's default 1", "hang");
      on.ordain("create of ann's default 2", "squatted");
      await on.launch();
      await on.pass(2 * MINUTE);
      await on.rest();
    },
  },

  "a create that lands after its launch was cancelled": {
    async play(on) {
      on.world.mood = "late-create";
      const launchId = await on.launch();
      await on.pass(SECOND);
      on.world.mood = "none";
      await on.call("launches:cancel", { launchId });
      await on.pass(5 * MINUTE);
      await on.rest();
    },
  },

  "a create that lands after fourteen minutes": {
    async play(on) {
      on.ordain("worker in create of ann's default 1", "die before");
      const launchId = await on.launch();
      await on.pass(SECOND);
      await on.call("launches:cancel", { launchId });
      const { world } = on;
      const [remote] = disk.all("remotes");
      const [deployment] = disk.all("deployment");
      if (!remote || !deployment) throw new Error("Nothing was asked for.");
      world.later(14 * MINUTE, () => {
        const labels = {
          "slipway-deployment": deployment.deploymentId,
          "slipway-slot": remote.slotId as string,
          "slipway-generation": String(remote.generation),
        };
        world.make(remote.name, labels, "started");
      });
      await on.pass(15 * MINUTE);
      await on.rest();
    },
  },

  "a create that lands in a name freed since, before that is confirmed": {
    async play(on) {
      on.ordain("create of ann's default 1", "late");
      await on.launch();
      await on.until("the second create is answered", () => on.runs());
      on.ordain("list one of ann's default", "error");
      await on.act("remove");
      const landed = () => on.world.live().length === 1;
      await on.until("the old sandbox goes", () => !landed());
      await on.until("the first create lands", landed);
      await on.pass(5 * MINUTE);
      await on.rest();
    },
  },

  "a start asked for while the create is on its way": {
    async play(on) {
      on.world.mood = "nine-minutes";
      await on.launch();
      await on.pass(2 * SECOND);
      await on.act("start");
      await on.pass(2 * MINUTE);
      await on.rest();
    },
  },

  "a worker that dies in its create": {
    async play(on) {
      on.ordain("worker in create of ann's default 1", "die before");
      const launch = await on.launch();
      await on.pass(3 * MINUTE);
      hold(NEWS, on.launched(launch) === "ready");
      await on.rest();
    },
  },

  "a worker that freezes while a create is slow": {
    async play(on) {
      on.world.mood = "nine-minutes";
      on.ordain(
        "worker at lifecycle/driver:report for ann's default 1",
        "freezes",
      );
      const launch = await on.launch();
      await on.pass(12 * MINUTE);
      hold(NEWS, on.launched(launch) === "ready" && on.world.creates === 1);
      await on.rest();
    },
  },

  "a launch of which every step is slow": {
    async play(on) {
      on.world.mood = "nine-minutes";
      on.ordain("start of ann's default", "pending");
      on.ordain("POST /skills of ann's default", "error");
      await on.launch();
      const isUp = () => on.world.live().some((box) => box.state === "started");
      await on.until("a slow create comes to its end", isUp, 10 * MINUTE);
      await on.until("it runs", () => on.runs());
      for (const box of on.world.live()) on.world.stop(box);
      await on.pass(10 * MINUTE);
      await on.rest();
    },
  },
};
