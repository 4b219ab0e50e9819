import { QUEUE_DEADLINE, QUEUE_LOOK } from "../../../convex/model/chat/limits";
import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** The sweeper, the caps and the queue. */

/** None of what is not off at the provider is over the cap. */
function within(on: OnStage, cap: number) {
  return () => {
    const on_ = on.world
      .live()
      .filter(({ state }) => !["stopped", "error"].includes(state));
    hold("no more live than there are places", on_.length <= cap);
  };
}

export const PLACES: Record<string, Scene> = {
  "a stranger that a slow list shows": {
    async play(on) {
      await on.launch();
      await on.pass(5 * SECOND);
      const lists = on.world.calls.get("list") ?? 0;
      on.ordain(`list of the sweeper ${lists + 1}`, "slow");
      on.stage.stranger();
      await on.pass(5 * MINUTE);
      await on.rest();
    },
  },

  "a sandbox that has just been made, under the sweeps": {
    async play(on) {
      await on.launch();
      await on.pass(6 * MINUTE);
      hold("what is wanted stays", on.world.live().length === 1);
      await on.rest();
    },
  },

  "five strangers at once": {
    async play(on) {
      await on.launch();
      await on.pass(5 * SECOND);
      for (let i = 0; i < 5; i++) on.stage.stranger();
      await on.pass(5 * MINUTE, () =>
        hold(
          "many strangers are the operator's to judge",
          on.world.live().length === 6,
        ),
      );
    },
  },

  "a deletion that does nothing, and a list that leaves the orphan out": {
    async play(on) {
      await on.launch();
      await on.pass(5 * SECOND);
      const orphan = on.stage.stranger();
      on.ordain("delete of nobody", "ignored");
      const healed = () => disk.all("sweeps")[0]?.orphansHealed ?? 0;
      await on.until(
        "its deletion is taken",
        () => healed() === 1,
        10 * MINUTE,
      );
      // As a list shows it that leaves some out.
      if (orphan) orphan.state = "destroyed";
      await on.pass(2 * MINUTE);
      if (orphan) orphan.state = "started";
      await on.pass(5 * MINUTE);
      hold("an orphan is counted once", healed() === 1);
      on.world.fate.ordained.clear();
      await on.until(
        "it goes",
        () => orphan?.state === "destroyed",
        10 * MINUTE,
      );
      hold("an orphan is counted once", healed() === 1);
      await on.rest();
    },
  },

  "what rests is lost at the provider": {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      await on.act("stop");
      await on.pass(20 * SECOND);
      const [box] = on.world.live();
      if (box) box.state = "destroyed";
      await on.until(
        "what rests and is gone is said to be gone",
        () => on.slot().state.status === "empty",
        5 * MINUTE,
      );
      await on.launch();
      await on.pass(MINUTE);
      hold("another is made", on.runs());
      await on.rest();
    },
  },

  "more wanted than one person may have": {
    env: { SLIPWAY_MAX_SANDBOXES_PER_USER: "2" },
    async play(on) {
      await on.launch();
      await on.launch({ skill: 1, own: true });
      await on.launch({ skill: 2, own: true });
      await on.pass(MINUTE, within(on, 2));
    },
  },

  "more wanted than there are places": {
    env: { SLIPWAY_MAX_SANDBOXES: "2" },
    async play(on) {
      for (const user of ["ann", "bob", "cyd"]) await on.launch({ user });
      await on.pass(MINUTE, within(on, 2));
    },
  },

  "two that wait for one place": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      for (const user of ["ann", "bob", "cyd"]) {
        await on.launch({ user });
        await on.pass(10 * SECOND);
      }
      await on.act("remove");
      await on.pass(MINUTE, within(on, 1));
      hold(
        "places are given in the order of arrival",
        on.runs("bob") && on.slot("cyd").state.status === "queued",
      );
    },
  },

  "a launch in line that is cancelled, with a message to it": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      await on.launch({ user: "bob" });
      await on.pass(20 * SECOND);
      const launchId = await on.launch();
      const sessionId = disk.all("sessions").at(-1)?._id ?? "";
      await on.call("sessions:send", { sessionId, text: "?", clientId: "m" });
      await on.call("launches:cancel", { launchId });
      const { status } = on.slot().state;
      hold("who leaves the line has left it", status === "empty");
      await on.act("remove", "bob");
      await on.pass(MINUTE);
      hold("nothing is made for nobody", on.world.creates === 1);
      await on.rest();
    },
  },

  "a message that waits for a place for longer than it may": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      const [{ _id: sessionId } = { _id: "" }] = disk.all("sessions");
      await on.launch({ user: "bob" });
      // So the message waits for a while before its sandbox is in line.
      on.ordain("stop of ann's default 1", "hang");
      await on.act("stop");
      await on.pass(SECOND);
      await on.call("sessions:send", { sessionId, text: "?", clientId: "m" });
      const isInLine = () => on.slot().state.status === "queued";
      await on.until("it is in line", isInLine);
      const hasFailed = () =>
        disk.all("messages").some(({ state }) => state === "failed");
      const within = QUEUE_DEADLINE + QUEUE_LOOK;
      await on.until("who wrote is told", hasFailed, within);
      hold("a place is not for nobody", on.slot().state.status === "stopped");
      await on.rest();
    },
  },

  "a stop that is not answered, and one that waits": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      await on.launch({ user: "bob" });
      on.ordain("stop of ann's default 1", "hang");
      await on.act("stop");
      await on.pass(2 * MINUTE, within(on, 1));
      hold("a place that is free is given away", on.runs("bob"));
      await on.rest();
    },
  },

  "one that is off is deleted while another waits": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      await on.act("stop");
      await on.pass(20 * SECOND);
      await on.launch({ user: "bob" });
      await on.pass(20 * SECOND);
      on.ordain("delete of ann's default", "ignored");
      await on.act("remove");
      await on.launch({ user: "cyd" });
      const taken = () =>
        hold(
          "what is off takes no place on its way out",
          disk.all("places").length <= 1,
        );
      await on.pass(20 * SECOND, taken);
      await on.act("stop", "bob");
      await on.pass(MINUTE, taken);
      hold("a place that is free is given away", on.runs("cyd"));
      await on.rest();
    },
  },

  "a deletion that is never carried out, and one that waits": {
    env: { SLIPWAY_MAX_SANDBOXES: "1" },
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      await on.launch({ user: "bob" });
      on.ordain("delete of ann's default", "ignored");
      await on.act("remove");
      await on.pass(5 * MINUTE, within(on, 1));
      on.world.fate.ordained.clear();
      await on.pass(2 * MINUTE, within(on, 1));
      hold("a place that is free is given away", on.runs("bob"));
      await on.rest();
    },
  },
};
