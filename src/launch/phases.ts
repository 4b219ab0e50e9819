import type { LaunchView } from "../data/types";

/** A row of the timeline: recorded, or expected from the launch's path. */
export type Phase = {
  name: string;
  label: string;
  state: "done" | "failed" | "running" | "waiting";
  startedAt: number | null;
  endedAt: number | null;
  detail: string | null;
};

const LABELS: Record<string, string> = {
  queue: "Accepted",
  check: "Looking at the sandbox that was there",
  create: "Making the sandbox",
  start: "Starting the sandbox",
  install: "Installing the skill",
};

/** What a launch of each kind usually goes through, for rows that are yet to come. */
const EXPECTED: Record<NonNullable<LaunchView["path"]>, string[]> = {
  instant: ["queue"],
  hot: ["queue", "install"],
  wake: ["queue", "start", "install"],
  cold: ["queue", "create", "install"],
};

export const PATH_WORDS: Record<NonNullable<LaunchView["path"]>, string> = {
  instant: "It was there already",
  hot: "Into your running sandbox",
  wake: "Into your stopped sandbox",
  cold: "Into a new sandbox",
};

export function isUnderWay(launch: LaunchView): boolean {
  return (
    launch.state !== "ready" &&
    launch.state !== "failed" &&
    launch.state !== "cancelled"
  );
}

/** Why a session is launched once more by itself, or null. */
export function recoveryOf(launch: LaunchView): string | null {
  const check = launch.steps.find((step) => step.name === "check");
  return check?.outcome === "failed" ? (check.detail ?? null) : null;
}

/** The rows of a launch's timeline, in order. */
export function phasesOf(launch: LaunchView): Phase[] {
  const recorded = launch.steps.map((step): Phase => {
    const open = step.endedAt === undefined;
    return {
      name: step.name,
      label:
        open && step.name === "queue" && launch.position !== null
          ? "Waiting for a place"
          : (LABELS[step.name] ?? step.name),
      state: open ? "running" : (step.outcome ?? "done"),
      startedAt: step.startedAt,
      endedAt: step.endedAt ?? null,
      detail: step.detail ?? null,
    };
  });
  if (!isUnderWay(launch)) return recorded;
  const expected = EXPECTED[launch.path ?? "cold"]
    .filter((name) => !launch.steps.some((step) => step.name === name))
    .map((name): Phase => ({
      name,
      label: LABELS[name] ?? name,
      state: "waiting",
      startedAt: null,
      endedAt: null,
      detail: null,
    }));
  return [...recorded, ...expected];
}

/** How far down the ways the ship is. */
export function progressOf(launch: LaunchView): number {
  switch (launch.state) {
    case "queued":
      return 0.08;
    case "creating":
      return 0.34;
    case "starting":
      return 0.5;
    case "installing":
      return 0.74;
    case "ready":
      return 1;
    case "failed":
    case "cancelled":
      return 0.2;
  }
}
