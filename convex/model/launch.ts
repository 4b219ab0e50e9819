import type { SlotState } from "./slot";
import { AUTO_STOP, INSTANT_MARGIN } from "./timing";

/** How a launch got its sandbox, decided when it was asked for. */
export type LaunchPath = "instant" | "hot" | "wake" | "cold";

/**
 * Whether the current boot has its config on disk and was seen to refuse
 * strangers. `full`: its disk has no room for it, and nobody waits for it.
 */
export type ConfigStatus = "dirty" | "writing" | "clean" | "full";

/** What the records say at the moment a launch is judged. */
export type Situation = {
  slot: SlotState;
  /** null: no boot of this generation has been claimed. */
  config: { status: ConfigStatus } | null;
  installed: boolean;
  /** ms; when the sandbox last proved alive, or null. */
  confirmedAt: number | null;
};

/** What a launch waits for, and what must be set going for it. */
export type Judgement =
  | { state: "queued"; need?: "want" }
  | { state: "creating" }
  | { state: "starting"; need?: "probe" }
  | { state: "installing"; install: boolean }
  | { state: "ready" };

/** What becomes of an active launch now. Pure; level-triggered, so it may be asked at any time. */
export function judge(situation: Situation, now: number): Judgement {
  const { slot, config, installed, confirmedAt } = situation;
  switch (slot.status) {
    case "empty":
    case "failed":
    case "stopped":
      return { state: "queued", need: "want" };
    case "queued":
    case "replacing":
      return { state: "queued" };
    case "creating":
      return { state: "creating" };
    case "starting":
      return { state: "starting" };
    case "stopping":
    case "deleting":
      return { state: "queued" };
    case "running":
      if (!config) return { state: "starting", need: "probe" };
      if (config.status === "clean" && installed) {
        return isFresh(confirmedAt, now)
          ? { state: "ready" }
          : { state: "starting", need: "probe" };
      }
      return { state: "installing", install: !installed };
  }
}

/** Whether "running" may be believed without asking: the provider cannot have stopped it yet. */
export function isFresh(confirmedAt: number | null, now: number): boolean {
  return confirmedAt !== null && now < confirmedAt + AUTO_STOP - INSTANT_MARGIN;
}

/** The path a new launch takes, for its history. */
export function pathOf(situation: Situation, now: number): LaunchPath {
  const { slot } = situation;
  const at = slot.status === "queued" ? slot.from : slot;
  switch (at.status) {
    case "running":
    case "starting":
    case "replacing":
      return situation.installed && judge(situation, now).state === "ready"
        ? "instant"
        : "hot";
    case "stopped":
    case "stopping":
      return "wake";
    case "failed":
      return at.disk === "kept" ? "wake" : "cold";
    default:
      return "cold";
  }
}

export type Step = {
  name: string;
  startedAt: number;
  endedAt?: number;
  outcome?: "done" | "failed";
  detail?: string;
};

/** Phases people see, by launch state. */
const STEP_OF: Record<string, string | undefined> = {
  queued: "queue",
  creating: "create",
  starting: "start",
  installing: "install",
};

/**
 * The launch's steps after it entered `state`: the open one is closed when the
 * phase changed, and a phase is listed once however often it is re-entered.
 */
export function advanceSteps(
  steps: readonly Step[],
  state: Judgement["state"] | "failed" | "cancelled",
  now: number,
): Step[] {
  const name = STEP_OF[state];
  const open = steps.find((step) => step.endedAt === undefined);
  if (open && open.name === name) return [...steps];
  const outcome =
    state === "failed" || state === "cancelled" ? "failed" : "done";
  const closed = steps.map((step): Step =>
    step.endedAt === undefined ? { ...step, endedAt: now, outcome } : step,
  );
  if (name === undefined) return closed;
  const before = closed.findIndex((step) => step.name === name);
  const startedAt = closed[before]?.startedAt ?? now;
  if (before >= 0) closed.splice(before, 1);
  return [...closed, { name, startedAt }];
}
