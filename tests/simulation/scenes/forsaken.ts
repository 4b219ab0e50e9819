import { KEPT_FOR } from "../../../convex/model/timing";
import { hold } from "../invariants";
import type { Box } from "../world";
import { MINUTE, SECOND, type OnStage, type Scene } from "./play";

/** Replacements that halt at a step late on their way, and whose owner never comes back. */

type Halt = {
  /** Calls that come to nothing until it halts, by stage. */
  faults: [stage: string, route: string, fault: string][];
  /** What becomes of the new sandbox whenever it runs before it has its files. */
  befalls?: (on: OnStage, box: Box) => void;
  /** What is left when it is given up. */
  left: "stopped" | "failed";
};

const UNRESTORED: Halt["faults"][number] = [
  "restore",
  "POST /restore of ann's default",
  "hang",
];

const HALTS: Record<string, Halt> = {
  "stop/stop": {
    faults: [["stop", "stop of ann's default", "conflict"]],
    left: "stopped",
  },
  "restore/restore": {
    faults: [["restore", "POST /restore of ann's default", "lie"]],
    left: "stopped",
  },
  "boot/claim": {
    faults: [UNRESTORED, ["boot", "upload of ann's default", "hang"]],
    left: "stopped",
  },
  "boot/look": {
    faults: [UNRESTORED, ["boot", "get of ann's default", "hang"]],
    left: "stopped",
  },
  "boot/start": {
    faults: [UNRESTORED, ["boot", "start of ann's default", "hang"]],
    befalls: (on, box) => on.world.stop(box),
    left: "stopped",
  },
  "boot/recover": {
    faults: [UNRESTORED, ["boot", "recover of ann's default", "hang"]],
    befalls: (on, box) => on.world.stop(box, "error"),
    left: "failed",
  },
};

/** Where the first sandbox's replacement is, as "stage/step"; null when it is none. */
function where(on: OnStage): string | null {
  const { state } = on.slot();
  return state.status === "replacing" ? `${state.stage}/${state.step}` : null;
}

function isHalted(on: OnStage): boolean {
  const { state } = on.slot();
  return state.status === "replacing" && state.error !== undefined;
}

function sceneOf(at: string, { faults, befalls, left }: Halt): Scene {
  return {
    async play(on) {
      await on.launch();
      await on.pass(20 * SECOND);
      for (const box of on.world.live()) box.files = "a letter";
      for (const [stage, about, fault] of faults) {
        if (stage !== "boot") on.ordain(about, fault);
      }
      await on.act("replace");
      for (let s = 0; !isHalted(on); s += 1) {
        hold("what cannot go on halts", s < 40 * 60);
        await on.pass(SECOND);
        const [stage] = where(on)?.split("/") ?? [];
        if (stage !== "restore" && stage !== "boot") continue;
        for (const [, about, fault] of faults) on.ordain(about, fault);
        if (stage !== "boot" || isHalted(on)) continue;
        for (const box of on.world.live()) {
          if (box.state === "started") befalls?.(on, box);
        }
      }
      hold(`it halts at ${at}`, where(on) === at);
      on.world.fate.ordained.clear();
      const until = on.world.clock.now() + KEPT_FOR + 10 * MINUTE;
      while (where(on) !== null && on.world.clock.now() < until) {
        await on.stage.pass(10 * MINUTE);
      }
      await on.pass(2 * MINUTE);
      hold("it is given up in time", on.slot().state.status === left);
      await on.rest();
    },
  };
}

export const FORSAKEN: Record<string, Scene> = Object.fromEntries(
  Object.entries(HALTS).map(([at, halt]) => [
    `a replacement that halts at ${at}, and that nobody goes on with`,
    sceneOf(at, halt),
  ]),
);
