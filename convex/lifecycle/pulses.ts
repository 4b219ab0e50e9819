import type { WithoutSystemFields } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { isUnreachable } from "../model/health";
import { PROBE_INTERVAL } from "../model/timing";
import { getActivity, requireSlot } from "./records";

/**
 * What pages are told of a slot's activity. Looks write the activity several
 * times a minute; the pulse is written when it says something else than before,
 * so that no list runs again for a look that found what was known.
 */
type Pulse = WithoutSystemFields<Doc<"pulses">>;

/** In ms. A stop that is told this much too early is told anew when it is announced. */
const CONFIRMED_AGAIN = PROBE_INTERVAL;

/** The slot's pulse, for queries; null before anything is known of its life. */
export async function getPulse(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Pulse | null> {
  const row = await getRow(ctx, slotId);
  if (row) return row;
  // Of a release without pulses: its next look, start or stop makes one.
  const activity = await getActivity(ctx, slotId);
  return activity && pulseOf(activity);
}

/** Brings the pulse in line with the activity and the slot's state, if it differs. */
export async function keepPulse(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const activity = await getActivity(ctx, slotId);
  if (!activity) return;
  const row = await getRow(ctx, slotId);
  const pulse = pulseOf(activity);
  if (!row) {
    await ctx.db.insert("pulses", pulse);
    return;
  }
  const { state } = await requireSlot(ctx, slotId);
  // While looks find it running, when the last of them did is no news.
  const seen = state.status === "running" && !pulse.unreachable;
  const equal =
    pulse.confirmedAt - row.confirmedAt < CONFIRMED_AGAIN &&
    row.warnedAt === pulse.warnedAt &&
    row.unreachable === pulse.unreachable &&
    (seen || row.lookedAt === pulse.lookedAt);
  if (!equal) await ctx.db.replace("pulses", row._id, pulse);
}

function getRow(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"pulses"> | null> {
  return ctx.db
    .query("pulses")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
}

function pulseOf(activity: Doc<"activity">): Pulse {
  const { slotId, confirmedAt, lookedAt, failures, warnedAt } = activity;
  return {
    slotId,
    confirmedAt,
    lookedAt,
    unreachable: isUnreachable(failures),
    ...(warnedAt !== undefined && { warnedAt }),
  };
}
