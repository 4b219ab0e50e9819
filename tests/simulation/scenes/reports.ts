import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** Reports that come from the wrong one, or claim what is not so. */

/** The config write that is under way, once there is one. */
async function writing(on: OnStage) {
  const config = () => {
    const [boot] = disk.all("boots");
    return boot?.config.status === "writing" ? boot.config : null;
  };
  await on.launch();
  await on.until("a config is written", () => config() !== null);
  return config()?.token ?? "";
}

/** The look at a running sandbox that is under way, once there is one. */
async function looking(on: OnStage) {
  await on.launch();
  await on.pass(20 * SECOND);
  on.ordain("get of ann's default", "slow");
  const probe = () => disk.all("activity")[0]?.probe;
  await on.until("a sandbox is looked at", () => probe()?.claimed === true);
  return probe()?.token ?? "";
}

/** That it was found stopped. */
const STOPPED = {
  probe: { kind: "present", provider: "stopped", daemon: "unasked" },
  keptAlive: false,
  ms: 1,
  missing: [],
};

export const REPORTS: Record<string, Scene> = {
  "a worker of the generation before, with today's token": {
    async play(on) {
      on.world.mood = "nine-minutes";
      await on.launch();
      await on.pass(2 * SECOND);
      const { _id: slotId, generation } = on.slot();
      const token = disk.all("leases")[0]?.token ?? "";
      const fence = { slotId, generation: generation - 1, token };
      await on.claim("lifecycle/driver:begin", fence);
      on.world.mood = "none";
      await on.rest();
    },
  },

  "a config write of the generation before, with today's token": {
    async play(on) {
      const token = await writing(on);
      const { _id: slotId, generation } = on.slot();
      const fence = { slotId, generation: generation - 1, token };
      await on.claim("lifecycle/config:begin", fence);
      await on.rest();
    },
  },

  "a config write with a token of its own": {
    async play(on) {
      await writing(on);
      const { _id: slotId, generation } = on.slot();
      const fence = { slotId, generation, token: "another" };
      await on.claim("lifecycle/config:begin", fence);
      await on.rest();
    },
  },

  "a look with a token of its own": {
    async play(on) {
      await looking(on);
      const { _id: slotId, revision } = on.slot();
      const report = { slotId, revision, token: "another", ...STOPPED };
      await on.claim("lifecycle/probes:report", report);
      await on.rest();
    },
  },

  "a look at what was before the last change": {
    async play(on) {
      const token = await looking(on);
      const { _id: slotId, revision } = on.slot();
      const report = { slotId, revision: revision - 1, token, ...STOPPED };
      await on.claim("lifecycle/probes:report", report);
      await on.rest();
    },
  },

  "a sandbox that is stopped and started": {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      await on.act("stop");
      await on.pass(20 * SECOND);
      await on.act("start");
      await on.pass(20 * SECOND);
      hold("what is started runs", on.runs());
      await on.rest();
    },
  },

  "a look that is told late, and a launch meanwhile": {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      const sessionId = disk.all("sessions")[0]?._id ?? "";
      await on.call("presence:watch", { sessionId });
      on.ordain("activity of ann's default", "slow");
      await on.launch();
      await on.pass(SECOND);
      for (const box of on.world.live()) on.world.stop(box);
      const launch = await on.launch();
      hold("it is believed", on.launched(launch) === "ready");
      const again = () => disk.all("launches").some((l) => l.path === "wake");
      await on.until("who was told so by mistake is launched again", again);
      await on.rest();
    },
  },

  "an install that is answered with another digest": {
    async play(on) {
      on.ordain("POST /skills of ann's default 1", "lie");
      const launch = await on.launch();
      await on.pass(MINUTE);
      hold("it is installed again", on.launched(launch) === "ready");
      await on.rest();
    },
  },

  "an install that takes longer than the config": {
    async play(on) {
      on.ordain("POST /skills of ann's default 1", "slow");
      const launch = await on.launch();
      await on.pass(MINUTE);
      hold("it is installed", on.launched(launch) === "ready");
      await on.rest();
    },
  },

  "a provider that does not find what is there": {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      on.ordain("get of ann's default", "404");
      await on.pass(3 * MINUTE);
      hold("what is not found is not given up", on.runs());
      await on.rest();
    },
  },
};
