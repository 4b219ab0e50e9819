import { failure } from "../../../convex/model/errors";
import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** Jobs that sandboxes make long, on a deployment that runs eight at once. */

const NINE = Array.from({ length: 9 }, (_, i) => `user ${i}`);

const SMALL = {
  env: { SLIPWAY_MAX_SANDBOXES: "20" },
  mode: { deploymentClass: "smallest" },
} as const;

async function settle(on: OnStage, users: string[]): Promise<void> {
  for (const user of users) await on.launch({ user });
  await on.until("all run", () => users.every((user) => on.runs(user)));
  await on.pass(30 * SECOND);
}

/** Somebody else comes, and is served as if there were nobody. */
async function stranger(on: OnStage): Promise<void> {
  const launch = await on.launch({ user: "zoe" });
  await on.until(
    "a stranger's launch is not delayed",
    () => on.launched(launch) === "ready",
    30 * SECOND,
  );
}

/** Three installs hang, two of them ann's, and cleo's waits; answers the token of one of ann's. */
async function threeHang(on: OnStage): Promise<string> {
  await settle(on, ["ann", "bob", "cleo"]);
  for (const user of ["ann", "bob", "cleo"]) {
    on.ordain(`POST /skills of ${user}'s default`, "hang");
  }
  for (const skill of [1, 2]) await on.launch({ skill });
  await on.launch({ user: "bob", skill: 1 });
  await on.pass(SECOND);
  await on.launch({ user: "cleo", skill: 1 });
  await on.pass(SECOND);
  const [flight] = disk.of("installs", on.slot()._id);
  return flight?.token ?? "";
}

const ready = (on: OnStage, launches: string[]) => () =>
  launches.every((launch) => on.launched(launch) === "ready");

export const BERTHS: Record<string, Scene> = {
  "nine who replace at once": {
    ...SMALL,
    async play(on) {
      await settle(on, NINE);
      for (const user of NINE) {
        on.ordain(`POST /keep of ${user}'s default`, "slow");
        on.ordain(`POST /restore of ${user}'s default`, "slow");
        await on.act("replace", user);
      }
      await stranger(on);
      await on.until(
        "all come through",
        () => NINE.every((user) => on.runs(user)),
        10 * MINUTE,
      );
      await on.rest();
    },
  },

  "a copy behind others that take twenty minutes": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann", "bob", "cleo"]);
      for (const user of ["bob", "cleo"]) {
        await on.holdBerth("leases", user, 20 * MINUTE);
      }
      await on.act("replace");
      await on.pass(18 * MINUTE);
      hold("time in line ends nothing", on.slot().state.status === "replacing");
      await on.until("it is called in", () => on.runs("ann"), 5 * MINUTE);
      await on.rest();
    },
  },

  "a copy into a sandbox that another copy still has": {
    async play(on) {
      await settle(on, ["ann"]);
      await on.act("replace");
      const made = () => on.slot().generation === 2 && on.world.live()[0];
      await on.until("the new one is there", () => !!made());
      const box = made();
      if (box) box.heldUntil = on.world.clock.now() + 4 * MINUTE;
      await on.until("it gets its files", () => on.runs(), 6 * MINUTE);
      hold("whose copy waits is not given up", on.slot().generation === 2);
      await on.rest();
    },
  },

  "an install behind others that never end": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann", "bob", "cleo"]);
      for (const user of ["bob", "bob", "cleo"]) {
        await on.holdBerth("installs", user, 60 * MINUTE);
      }
      const launch = await on.launch({ skill: 1 });
      await on.pass(20 * MINUTE);
      hold("nobody waits for ever", on.launched(launch) === "failed");
      await on.pass(12 * MINUTE);
      hold(
        "nothing stands in line for ever",
        disk.all("installs").length === 0,
      );
      await on.pass(30 * MINUTE);
      await on.rest();
    },
  },

  "nine who install at once, in slow sandboxes": {
    ...SMALL,
    async play(on) {
      await settle(on, NINE);
      const launches: string[] = [];
      for (const user of NINE) {
        on.ordain(`POST /skills of ${user}'s default`, "slow");
        for (const skill of [1, 2, 3, 4]) {
          launches.push(await on.launch({ user, skill }));
        }
      }
      // Who comes now stands behind one of each, not behind all of all.
      const launch = await on.launch({ user: "zoe" });
      await on.until(
        "a stranger's sandbox is not delayed",
        () => on.runs("zoe"),
        30 * SECOND,
      );
      await on.until(
        "many wants are not in front of one",
        () => on.launched(launch) === "ready",
        MINUTE,
      );
      await on.until("all come through", ready(on, launches), 10 * MINUTE);
      await on.rest();
    },
  },

  "one who wants much of a sandbox that does not answer": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann", "bob"]);
      on.ordain("POST /skills of ann's default", "hang");
      for (const skill of [1, 2, 3, 4]) await on.launch({ skill });
      await on.pass(2 * SECOND);
      const launch = await on.launch({ user: "bob", skill: 1 });
      await on.until(
        "another's launch is not delayed",
        () => on.launched(launch) === "ready",
        2 * SECOND,
      );
      on.world.fate.ordained.clear();
      await on.rest();
    },
  },

  "a job with a berth that dies": {
    ...SMALL,
    async play(on) {
      await settle(on, NINE);
      const launches: string[] = [];
      for (const user of NINE) {
        on.ordain(
          `worker in POST /skills of ${user}'s default 2`,
          "die before",
        );
        launches.push(await on.launch({ user, skill: 1 }));
      }
      await on.until("all come through", ready(on, launches), 10 * MINUTE);
      await on.rest();
      hold("no berth is lost", disk.all("berths").length === 0);
    },
  },

  "a copy whose berth has gone to another": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann", "bob", "cleo"]);
      const { world } = on;
      const call = world.call.bind(world);
      world.call = async (route, owner, effect) => {
        if (route === "POST /keep") await world.wait(2 * MINUTE);
        return call(route, owner, effect);
      };
      for (const user of ["ann", "bob"]) await on.act("replace", user);
      await on.until("two copy", () => disk.all("berths").length === 2);
      // Its worker was silent for a minute, and nobody has taken its step yet.
      const lost = disk.of("berths", on.slot()._id)[0]?._id;
      await on.stage.transaction(async (ctx) => {
        if (lost) await ctx.db.delete("berths", lost);
      });
      await on.pass(25 * SECOND);
      await on.act("replace", "cleo");
      await on.until(
        "all come through",
        () => ["ann", "bob", "cleo"].every((user) => on.runs(user)),
        15 * MINUTE,
      );
      await on.rest();
    },
  },

  "one who stops what does not answer, again and again": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann"]);
      on.ordain("POST /keep of ann's default", "hang");
      // Each leaves a job behind that hangs.
      for (let i = 0; i < 4; i++) {
        await on.act("replace");
        await on.pass(SECOND);
        await on.call("sandboxes:cancelReplace", { slotId: on.slot()._id });
        await on.pass(3 * SECOND);
      }
      await on.rest();
    },
  },

  "a report of an install, for another sandbox": {
    ...SMALL,
    async play(on) {
      const token = await threeHang(on);
      const fence = { slotId: on.slot("bob")._id, token };
      const outcome = { kind: "unclaimed" };
      await on.claim("lifecycle/installs:report", { ...fence, ms: 1, outcome });
      on.world.fate.ordained.clear();
      await on.rest();
    },
  },

  "an install that begins again when nobody wants it": {
    ...SMALL,
    async play(on) {
      const token = await threeHang(on);
      await on.act("stop");
      await on.pass(SECOND);
      const fence = { slotId: on.slot()._id, token };
      await on.claim("lifecycle/installs:begin", fence);
      on.world.fate.ordained.clear();
      await on.rest();
    },
  },

  "a report of a copy, of the generation before": {
    ...SMALL,
    async play(on) {
      await settle(on, ["ann", "bob", "cleo"]);
      for (const user of ["ann", "bob", "cleo"]) {
        on.ordain(`POST /keep of ${user}'s default`, "hang");
        await on.act("replace", user);
        await on.pass(SECOND);
      }
      const { _id: slotId, generation } = on.slot();
      const token = disk.of("leases", slotId)[0]?.token ?? "";
      const error = failure("keep_failed", "It was lost.");
      await on.claim("lifecycle/driver:report", {
        ...{ slotId, generation: generation - 1, token },
        call: { name: "keep", ms: 1 },
        outcome: { kind: "unknown", error },
      });
      on.world.fate.ordained.clear();
      await on.rest();
    },
  },
};
