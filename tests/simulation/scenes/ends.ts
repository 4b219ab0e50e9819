import { hold } from "../invariants";
import { disk } from "../stand-ins";
import { digestOf, type Box } from "../world";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** Sandboxes that are deleted, replaced, stopped and restored. */

/** A sandbox that runs, with something of its owner's in it. */
async function atWork(on: OnStage): Promise<void> {
  await on.launch();
  await on.pass(20 * SECOND);
  for (const box of on.world.live()) box.files = "a letter";
}

/** A replacement that came through has brought the files into another sandbox. */
function replaced(on: OnStage): void {
  const boxes = on.world.live();
  hold(
    "a replacement brings the files into one new sandbox",
    on.runs() && boxes.length === 1 && boxes[0]?.files === "a letter",
  );
  hold("a replacement is a generation", on.slot().generation === 2);
}

/** Where a replacement is. */
function stepOf(on: OnStage): string {
  const { state } = on.slot();
  return state.status === "replacing" ? `${state.stage}/${state.step}` : "";
}

function isStopped(on: OnStage): boolean {
  return on.slot().state.status === "stopped";
}

/** Why a sandbox rests, where its records say so; also of where it waits from. */
function reasonOf(on: OnStage): string | undefined {
  const { state } = on.slot();
  const at = state.status === "queued" ? state.from : state;
  return "error" in at ? at.error?.code : undefined;
}

function newest(on: OnStage): Box {
  const box = on.world.live().at(-1);
  if (!box) throw new Error("There is no sandbox.");
  return box;
}

/** A replacement's new sandbox ends in a state, and is lost in the step that would bring it back. */
async function lostWhileBrought(
  on: OnStage,
  state: "stopped" | "error",
  step: "start" | "recover",
): Promise<void> {
  await atWork(on);
  on.ordain("POST /restore of ann's default 1", "hang");
  on.ordain(`${step} of ann's default`, "slow");
  await on.act("replace");
  await on.until("it gets files", () => stepOf(on) === "restore/restore");
  const box = newest(on);
  on.world.stop(box, state);
  await on.until("it is brought back", () => stepOf(on) === `boot/${step}`);
  box.state = "destroyed";
  await on.until("it is missed", () => stepOf(on) !== `boot/${step}`);
  on.world.fate.ordained.clear();
  await on.pass(5 * MINUTE);
  await on.rest();
}

async function say(on: OnStage): Promise<void> {
  const sessionId = disk.all("sessions")[0]?._id ?? "";
  const text = `Message ${disk.all("messages").length}.`;
  await on.call("sessions:send", { sessionId, text, clientId: text });
}

/** Something waits for a stop that takes its time, and its owner does not want it any more. */
async function stopWhile(
  on: OnStage,
  wait: () => Promise<unknown>,
  stop: () => Promise<unknown>,
): Promise<void> {
  await atWork(on);
  on.ordain("stop of ann's default", "slow");
  await on.act("stop");
  await on.pass(SECOND);
  await wait();
  hold("a stop takes its time", on.slot().state.status === "stopping");
  await stop();
  await on.pass(2 * MINUTE);
  hold("what its owner stopped stays off", !on.runs());
  // What is asked for afterwards is wanted.
  await say(on);
  await on.until("a message starts it", () => on.runs());
  await on.rest();
}

export const ENDS: Record<string, Scene> = {
  "a deletion that does nothing": {
    async play(on) {
      await atWork(on);
      on.ordain("delete of ann's default 1", "ignored");
      await on.act("remove");
      await on.pass(MINUTE);
      hold(
        "a deletion that did nothing is asked for again",
        on.world.live().length === 0,
      );
      await on.rest();
    },
  },

  "a replacement": {
    async play(on) {
      await atWork(on);
      await on.act("replace");
      await on.pass(MINUTE);
      replaced(on);
      await on.rest();
    },
  },

  "a replacement whose copy is answered wrongly": {
    async play(on) {
      await atWork(on);
      on.ordain("POST /restore of ann's default 1", "lie");
      await on.act("replace");
      await on.pass(MINUTE);
      await on.act("resumeReplace");
      await on.pass(MINUTE);
      replaced(on);
      await on.rest();
    },
  },

  "a replacement whose files cannot be copied out": {
    async play(on) {
      await atWork(on);
      on.ordain("POST /keep of ann's default", "hang");
      await on.act("replace");
      await on.pass(5 * MINUTE);
      on.world.fate.ordained.clear();
      await on.act("resumeReplace");
      await on.pass(MINUTE);
      replaced(on);
      await on.rest();
    },
  },

  "a message into a replacement that came to a halt": {
    async play(on) {
      await atWork(on);
      const sessionId = disk.all("sessions")[0]?._id ?? "";
      on.ordain("POST /keep of ann's default", "hang");
      await on.act("replace");
      const halted = () => {
        const { state } = on.slot();
        return state.status === "replacing" && state.error !== undefined;
      };
      await on.until("it halts", halted, 5 * MINUTE);
      const message = { sessionId, text: "Go on.", clientId: "said" };
      await on.call("sessions:send", message);
      const answer = () =>
        disk.all("messages").find(({ role }) => role === "assistant");
      const told = () => answer()?.state === "failed";
      await on.until("whoever writes is told", told, MINUTE);
      on.world.fate.ordained.clear();
      await on.act("resumeReplace");
      await on.pass(MINUTE);
      replaced(on);
      await on.rest();
    },
  },

  "a replacement whose new sandbox stops, and is lost while it is started": {
    play: (on) => lostWhileBrought(on, "stopped", "start"),
  },

  "a replacement whose new sandbox breaks, and is lost while it is mended": {
    play: (on) => lostWhileBrought(on, "error", "recover"),
  },

  "an owner's start that is refused": {
    async play(on) {
      await atWork(on);
      await on.act("stop");
      await on.until("it is stopped", () => isStopped(on));
      on.ordain("start of ann's default", "forbidden");
      await on.act("start");
      await on.pass(MINUTE);
      hold(
        "a start that was refused says why",
        reasonOf(on) === "provider_refused",
      );
      on.world.fate.ordained.clear();
      await on.act("start");
      hold("a new start has no reason yet", reasonOf(on) === undefined);
      await on.pass(MINUTE);
      hold("it starts", on.runs());
      await on.act("stop");
      await on.until("it is stopped", () => isStopped(on));
      hold("what its owner stopped has no reason", reasonOf(on) === undefined);
      await on.rest();
    },
  },

  "a restore that arrives when its worker is long dead": {
    async play(on) {
      await atWork(on);
      const { world } = on;
      const call = world.call.bind(world);
      // The first is on its way for three minutes, and nobody waits for it.
      world.call = (route, owner, effect) => {
        if (route === "POST /restore" && !world.calls.has(route)) {
          world.later(3 * MINUTE, () => effect("none", world.fate.dice("it")));
        }
        return call(route, owner, effect);
      };
      on.ordain("worker in POST /restore of ann's default 1", "die before");
      await on.act("replace");
      const late = () => stepOf(on) === "restore/restore";
      await on.until("it gets files", late);
      await on.until("it is replaced", () => on.runs());
      replaced(on);
      newest(on).files = "a letter, and a second";
      await on.pass(4 * MINUTE);
      hold(
        "what is made after a replacement stays",
        newest(on).files === "a letter, and a second",
      );
      await on.rest();
    },
  },

  "a sandbox that breaks while it is stopped": {
    async play(on) {
      await atWork(on);
      on.ordain("stop of ann's default", "pending");
      await on.act("stop");
      const box = newest(on);
      await on.until("it stops", () => box.state === "stopping");
      on.world.stop(box, "error");
      const failed = () => on.slot().state.status === "failed";
      await on.until("it is told", failed, 5 * MINUTE);
      await on.rest();
    },
  },

  "a report of what was kept that arrives twice": {
    async play(on) {
      await atWork(on);
      await on.act("replace");
      await on.until("files are kept", () => disk.all("keeps").length > 0);
      const heard = on.world.heard.findLast(({ args }) =>
        args.includes('"kept"'),
      );
      const said = JSON.parse(heard?.args ?? "{}") as {
        name: string;
        args: Record<string, string>;
      };
      await on.call("simulation:echo", { path: said.name, args: said.args });
      const storageId = disk.all("keeps")[0]?.storageId;
      const stored = await on.stage.transaction((ctx) =>
        storageId
          ? ctx.db.system.get("_storage", storageId)
          : Promise.resolve(null),
      );
      hold("what is recorded as kept is stored", stored !== null);
      await on.pass(MINUTE);
      replaced(on);
      await on.rest();
    },
  },

  "all are stopped and brought back": {
    async play(on) {
      await on.launch();
      await on.launch({ skill: 1, own: true });
      await on.pass(20 * SECOND);
      await on.call("fleet:stopAll");
      await on.pass(20 * SECOND);
      const off = on.slotsOf().every(({ state }) => state.status === "stopped");
      hold("stop all stops all", off);
      await on.call("fleet:restore");
      await on.pass(20 * SECOND);
      const ran = on.slotsOf().every(({ state }) => state.status === "running");
      hold("what stop all stopped is restored", ran);
      await on.rest();
    },
  },

  "all are stopped while a message waits for a stop": {
    async play(on) {
      const wait = () => say(on);
      await stopWhile(on, wait, () => on.call("fleet:stopAll"));
    },
  },

  "a stop that is asked for again while a launch waits for it": {
    async play(on) {
      await stopWhile(
        on,
        () => on.launch({ skill: 1 }),
        () => on.act("stop"),
      );
    },
  },

  "an install that reports on a sandbox that is gone": {
    async play(on) {
      const { world } = on;
      const call = world.call.bind(world);
      // The first install is done at once, and answered 15 s later.
      world.call = async (route, owner, effect) => {
        const first = route === "POST /skills" && !world.calls.has(route);
        const answer = await call(route, owner, effect);
        if (first) await world.wait(15 * SECOND);
        return answer;
      };
      await on.launch();
      const sent = () => world.live().some((box) => box.disk.size > 0);
      await on.until("a skill is sent", sent);
      world.mood = "none";
      await on.act("remove");
      const empty = () => on.slot().state.status === "empty";
      await on.until("a deletion ends", empty);
      on.ordain("POST /skills of ann's default", "hang");
      await on.launch();
      await on.until("it runs", () => on.runs());
      await on.pass(30 * SECOND);
      await on.rest();
    },
  },

  "a version that is wanted again while it goes": {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      const [row] = disk.all("installedSkills");
      if (!row) throw new Error("Nothing was installed.");
      // What is taken off is only off the disk after the next install of the same.
      on.ordain("DELETE /skills of ann's default 1", "late");
      await on.uninstall(row);
      const asked = () => on.world.calls.has("DELETE /skills");
      await on.until("what is taken off goes", asked);
      await on.launch();
      await on.pass(3 * MINUTE);
      const box = on.world.live()[0];
      const [listed] = disk.all("installedSkills");
      hold(
        "I4 listed only what is on disk",
        box?.disk.has(`${listed?.skillKey} ${digestOf("skill 0")}`) === true,
      );
      await on.rest();
    },
  },
};
