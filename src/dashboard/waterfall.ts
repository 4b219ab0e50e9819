import type { LaunchView } from "../data/types";

export type Bar = {
  name: string;
  /** Both are parts of the scale, 0 to 1. */
  left: number;
  width: number;
  open: boolean;
  failed: boolean;
};

/** How long a launch took, or is drawn while it is under way, in ms. */
export function spanOf(launch: LaunchView): number {
  const start = launch.createdAt;
  const lastKnown = Math.max(
    ...launch.steps.map((step) => step.endedAt ?? step.startedAt),
    start,
  );
  const known = Math.max(1, (launch.endedAt ?? lastKnown) - start);
  // An open phase gets a third of the bar, or it would be invisible at first.
  const open = launch.steps.some((step) => step.endedAt === undefined);
  return open && launch.endedAt === null ? known * 1.5 : known;
}

/**
 * A launch's phases as bars on a scale of so many ms, which rows that are compared
 * have in common. While it is under way the open phase reaches to its end: how long
 * that is, only the elapsed time beside it says.
 */
export function barsOf(launch: LaunchView, scale: number): Bar[] {
  const start = launch.createdAt;
  const part = (ms: number) => Math.min(1, Math.max(0, ms / scale));
  return launch.steps.map((step) => {
    const left = part(step.startedAt - start);
    const right =
      step.endedAt === undefined && launch.endedAt === null
        ? part(spanOf(launch))
        : part((step.endedAt ?? launch.endedAt ?? step.startedAt) - start);
    return {
      name: step.name,
      left,
      width: Math.max(0, right - left),
      open: step.endedAt === undefined && launch.endedAt === null,
      failed: step.outcome === "failed",
    };
  });
}
