import { ConvexError } from "convex/values";
import { QUEUE_DEADLINE } from "../../../convex/model/timing";
import { hold } from "../invariants";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** Replacements that halt, and whether there will be a place. */

async function atWork(on: OnStage): Promise<void> {
  await on.launch();
  await on.pass(20 * SECOND);
  for (const box of on.world.live()) box.files = "a letter";
}

/** Why the first sandbox's replacement halted, or null. */
function haltedBy(on: OnStage): string | null {
  const { state } = on.slot();
  return (state.status === "replacing" && state.error?.code) || null;
}

/** What it is refused with, or null. */
async function refusal(asked: Promise<unknown>): Promise<string | null> {
  try {
    await asked;
    return null;
  } catch (error) {
    if (!(error instanceof ConvexError)) throw error;
    return (error.data as { code: string }).code;
  }
}

export const HALTS: Record<string, Scene> = {
  "a replacement that halts, and that nobody goes on with": {
    async play(on) {
      await atWork(on);
      on.ordain("POST /keep of ann's default", "hang");
      await on.act("replace");
      await on.until("it halts", () => haltedBy(on) !== null, 5 * MINUTE);
      on.world.fate.ordained.clear();
      for (const box of on.world.live()) on.world.stop(box); // nobody has used it for long
      await on.pass(QUEUE_DEADLINE + 2 * MINUTE);
      hold(
        "nothing is started for nobody",
        on.slot().state.status === "stopped",
      );
      const { calls } = on.world;
      hold("nothing is started for nobody", !calls.get("start"));
      await on.rest();
    },
  },

  "a replacement after the operator has lowered a cap": {
    async play(on) {
      await atWork(on);
      await on.launch({ skill: 1, own: true });
      await on.pass(20 * SECOND);
      await on.act("replace");
      on.stage.operate({ SLIPWAY_MAX_SANDBOXES_PER_USER: "1" });
      await on.pass(MINUTE);
      const halts = haltedBy(on) === "over_cap";
      hold("it halts while the old one is there", halts);
      const isThere = on.world.live().some(({ files }) => files !== "");
      hold("what cannot come back does not go", isThere);
      const [, own] = on.slotsOf();
      await on.call("sandboxes:stop", { slotId: own?._id ?? "" });
      await on.pass(20 * SECOND);
      await on.act("resumeReplace");
      await on.pass(MINUTE);
      hold("with a place it is replaced", on.runs());
      await on.rest();
    },
  },

  "a replacement that halts at its stop, and a cap that is lowered": {
    async play(on) {
      await atWork(on);
      await on.launch({ skill: 1, own: true });
      await on.pass(20 * SECOND);
      on.ordain("stop of ann's default", "before");
      await on.act("replace");
      await on.until("it halts", () => haltedBy(on) !== null, 10 * MINUTE);
      on.world.fate.ordained.clear();
      on.stage.operate({ SLIPWAY_MAX_SANDBOXES_PER_USER: "1" });
      await on.pass(SECOND);
      const refused = await refusal(on.act("resumeReplace"));
      hold("what cannot come back does not go", refused === "over_cap");
      await on.call("sandboxes:cancelReplace", { slotId: on.slot()._id });
      await on.pass(MINUTE);
      hold("what is not replaced is there", on.world.live().length === 2);
      await on.rest();
    },
  },

  "a replacement that is given up by who saw the old one there": {
    async play(on) {
      await atWork(on);
      on.ordain("POST /restore of ann's default 1", "lie");
      await on.act("replace");
      await on.pass(MINUTE);
      const slotId = on.slot()._id;
      const asked = on.call("sandboxes:cancelReplace", { slotId });
      const refused = await refusal(asked);
      hold("no files go unasked", refused === "would_lose_files");
      await on.act("resumeReplace");
      await on.pass(MINUTE);
      const [box] = on.world.live();
      hold("what was not given up comes back", box?.files === "a letter");
      await on.rest();
    },
  },
};
