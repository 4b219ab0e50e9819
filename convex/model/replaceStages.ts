import {
  COPY_DEADLINE,
  CREATE_DEADLINE,
  DELETE_DEADLINE,
  KEPT_FOR,
  QUEUE_DEADLINE,
  START_DEADLINE,
  STOP_DEADLINE,
} from "./timing";
import type { Failure } from "./errors";

/**
 * A sandbox made anew with its files. Each stage but two is a transition that
 * the slot knows anyway, run inside: what ends it begins the next stage.
 *
 *   [wake] -> keep -> stop -> delete -> place -> create -> [boot] -> restore -> running
 *
 * With an `error` it halts where it is until its owner resumes or cancels it.
 */
export type Replacing = {
  status: "replacing";
  since: number;
  stage: Stage;
  /** When the stage began; keep and wake, or boot and restore, share one clock. */
  stageSince: number;
  step: Step;
  error?: Failure;
};

export type Stage =
  | "wake" // a stopped one must run to be read
  | "keep" // its files are copied out
  | "stop"
  | "delete" // and confirmed gone, or left to the sweeper
  | "place" // waits for the place of the new one; nobody is admitted before it
  | "create" // the next generation
  | "boot" // it had to be started again
  | "restore"; // its files are copied in, and their digest compared

export type Step =
  | "look"
  | "start"
  | "recover"
  | "claim"
  | "keep"
  | "stop"
  | "delete"
  | "wait"
  | "create"
  | "restore";

/** Nothing has been lost yet: the old sandbox is there with its disk. */
export function isOldThere({ stage }: Pick<Replacing, "stage">): boolean {
  return stage === "wake" || stage === "keep" || stage === "stop";
}

/** When a halted one is given up if nobody goes on with it, in ms since 1970. */
export function givenUpAt(state: Replacing): number {
  return state.stageSince + (isOldThere(state) ? QUEUE_DEADLINE : KEPT_FOR);
}

/** How long each may take, in ms. */
export const DEADLINES: Record<Stage, number> = {
  wake: COPY_DEADLINE,
  keep: COPY_DEADLINE,
  stop: STOP_DEADLINE,
  delete: DELETE_DEADLINE,
  place: QUEUE_DEADLINE,
  create: CREATE_DEADLINE,
  boot: START_DEADLINE + COPY_DEADLINE,
  restore: START_DEADLINE + COPY_DEADLINE,
};

/** The step each stage begins with. */
export const FIRST: Record<Stage, Step> = {
  wake: "look",
  keep: "keep",
  stop: "stop",
  delete: "delete",
  place: "wait",
  create: "create",
  boot: "look",
  restore: "restore",
};

/** The transition of the slot that a stage is. */
export const WITHIN = {
  wake: "starting",
  stop: "stopping",
  delete: "deleting",
  create: "creating",
  boot: "starting",
} as const;
