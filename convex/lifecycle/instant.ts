import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { advanceSteps, type LaunchPath } from "../model/launch";
import type { SlotState } from "../model/slot";
import { QUEUE_DEADLINE } from "../model/timing";
import { logLaunch } from "./log";

/**
 * A launch that found everything there is answered at once, from the records,
 * and its sandbox is looked at behind the visitor's back. If that was wrong,
 * its session is launched once more, by itself.
 */

/** Launches looked back at; more are not answered between two looks at a sandbox. */
const RECENT = 20;

/**
 * The instant launches of a slot that nothing has confirmed since, and that
 * nobody has taken up. `confirmedAt`: when it last proved alive, in ms.
 */
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
  const believed: Believed[] = [];
  for (const launch of recent) {
    const { state, path, deadlineAt } = launch;
    if (state.state !== "ready" || path !== "instant") continue;
    if (state.at < confirmedAt || now >= deadlineAt) continue;
    const newest = await ctx.db
      .query("launches")
      .withIndex("by_session", (q) => q.eq("sessionId", launch.sessionId))
      .order("desc")
      .first();
    if (newest?._id !== launch._id) continue;
    // A conversation that was deleted outlives itself by its launches.
    if (!(await ctx.db.get("sessions", launch.sessionId))) continue;
    believed.push({ launch, readyAt: state.at });
  }
  return believed;
}

type Believed = { launch: Doc<"launches">; readyAt: number };

/** Launches those once more whose sandbox turned out not to run; `found`: what it is instead. */
export async function relaunchInstant(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  confirmedAt: number,
  found: Found,
): Promise<void> {
  for (const believed of await instantOn(ctx, slotId, confirmedAt)) {
    await relaunch(ctx, believed, found);
  }
}

/** The same again in the same session. Not instant, so this happens to a session once. */
async function relaunch(
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
  const {
    _id,
    _creationTime,
    state: _ready,
    admittedAt: _before,
    joined: _by,
    ...about
  } = launch;
  const launchId = await ctx.db.insert("launches", {
    ...about,
    path: PATHS[found] ?? "cold",
    active: true,
    state: { state: "queued" },
    deadlineAt: now + QUEUE_DEADLINE,
    steps: advanceSteps([check], "queued", now),
  });
  const again = await ctx.db.get("launches", launchId);
  if (!again) throw new Error("The launch just written cannot be read.");
  await logLaunch(ctx, again, { change: "requested", reason });
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
