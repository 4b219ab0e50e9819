import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { advanceSteps, type LaunchPath } from "../model/launch";
import type { SlotState } from "../model/slot";
import { logLaunch } from "./log";

/**
 * A launch that found everything there is answered at once, from the records,
 * and its sandbox is looked at behind the visitor's back. If that was wrong,
 * the launch is taken up again: the same launch in the same session, once.
 */

/** Launches looked back at; more are not answered between two looks at a sandbox. */
const RECENT = 20;

/** Instant launches of a slot that nothing has confirmed since. `confirmedAt`: when it last proved alive, in ms. */
export async function instantOn(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  confirmedAt: number,
): Promise<Believed[]> {
  const now = Date.now();
  const recent = await ctx.db
    .query("launches")
    .withIndex("by_slot_and_active", (q) =>
      q.eq("slotId", slotId).eq("active", false),
    )
    .order("desc")
    .take(RECENT);
  return recent.flatMap((launch) => {
    const { state, path, deadlineAt } = launch;
    if (state.state !== "ready" || path !== "instant") return [];
    if (state.at < confirmedAt || now >= deadlineAt) return [];
    return [{ launch, readyAt: state.at }];
  });
}

type Believed = { launch: Doc<"launches">; readyAt: number };

/** Takes up the instant launches of a slot that turned out not to run; `found`: what it is instead. */
export async function reopenInstant(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  confirmedAt: number,
  found: Found,
): Promise<void> {
  for (const believed of await instantOn(ctx, slotId, confirmedAt)) {
    await reopen(ctx, believed, found);
  }
}

async function reopen(
  ctx: MutationCtx,
  { launch, readyAt }: Believed,
  found: Found,
): Promise<void> {
  const now = Date.now();
  const reason = REASONS[found] ?? "The sandbox did not run any more.";
  const check = {
    name: "check",
    startedAt: readyAt,
    endedAt: now,
    outcome: "failed" as const,
    detail: reason,
  };
  await ctx.db.patch("launches", launch._id, {
    active: true,
    state: { state: "queued" },
    // No longer instant, so this happens to a launch once.
    path: PATHS[found] ?? "cold",
    steps: advanceSteps([...launch.steps, check], "queued", now),
  });
  await logLaunch(ctx, launch, { change: "queued", reason });
}

type Found = SlotState["status"];

const PATHS: Partial<Record<Found, LaunchPath>> = {
  stopped: "wake",
  starting: "wake",
};

const REASONS: Partial<Record<Found, string>> = {
  empty: "The sandbox was gone at the provider. A new one is made.",
  failed: "The sandbox was gone at the provider. A new one is made.",
  stopped: "The sandbox had stopped. It is started again.",
  starting: "The sandbox had restarted. It is set up again.",
};
