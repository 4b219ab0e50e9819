import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import {
  MAX_STOPS,
  MAY_ARRIVE,
  STOP_AGAIN,
  STOP_PATIENCE,
  TURN_LIMIT,
} from "../model/chat/limits";
import { isAtWork } from "./atWork";

/**
 * What sandboxes are owed: to be told to stop a turn that is over here and may
 * be at work there. A stop is owed until the sandbox says that it took it, or
 * that it knows no such turn when none can arrive any more, or until it must
 * have ended the turn by itself.
 */

/** The sandbox that a turn was handed to. */
export const remote = { slotId: v.id("slots"), generation: v.number() };

/**
 * Owes it a stop; nobody is owed one for a turn that was never handed over.
 * `dispatchTurns` pays. Owed anew, it is another one: an answer that is under
 * way is to what the sandbox was told before.
 *
 * @param delay ms before it is told
 */
export async function oweStop(
  ctx: MutationCtx,
  turn: Pick<Doc<"turns">, "_id" | "slotId" | "generation">,
  delay = 0,
): Promise<void> {
  const { _id: turnId, slotId, generation } = turn;
  if (generation === undefined) return;
  const owed = await stopsOf(ctx, slotId);
  const before = owed.find((stop) => stop.turnId === turnId);
  if (before) await ctx.db.delete("stops", before._id);
  else if (owed.length >= MAX_STOPS && owed[0]) {
    await ctx.db.delete("stops", owed[0]._id); // the one that was told most often
  }
  await ctx.db.insert("stops", {
    ...{ turnId, slotId, generation },
    nextAt: Date.now() + delay,
    ...(before?.job && { job: before.job }),
  });
}

/**
 * Takes a sandbox's answer to one; `arrived`: the turn is known to have been
 * handed over. One that is not may come there after who was asked for it.
 */
export async function settleStop(
  ctx: MutationCtx,
  stopId: Id<"stops">,
  outcome: "stopping" | "unknown_turn" | "unreachable",
  arrived: boolean,
): Promise<void> {
  const stop = await ctx.db.get("stops", stopId);
  if (!stop) return;
  const late = Date.now() >= stop._creationTime + MAY_ARRIVE;
  const unknown = outcome === "unknown_turn" && (arrived || late);
  if (outcome === "stopping" || unknown) await ctx.db.delete("stops", stopId);
  else await ctx.db.patch("stops", stopId, { job: undefined });
}

/**
 * Tells a sandbox what it is owed and has not been told just now: one job at a
 * time, however much that is, for one that lies speaks of all it ever had.
 */
export async function payStops(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  canBeTold: boolean,
): Promise<void> {
  const now = Date.now();
  const { _id: slotId, generation } = slot;
  const owed: Doc<"stops">[] = [];
  for (const stop of await stopsOf(ctx, slotId)) {
    const gone = stop.generation !== generation;
    if (gone || now >= endOf(stop)) await ctx.db.delete("stops", stop._id);
    else owed.push(stop);
  }
  if (!canBeTold) return putOff(ctx, owed);
  const due = owed.filter(
    ({ nextAt }) => nextAt <= now || nextAt > now + STOP_AGAIN, // put off
  );
  if (due.length === 0 || (await isBeingTold(ctx, owed))) return;
  const stops = due.map(({ _id: stopId, turnId }) => ({ stopId, turnId }));
  const job = await ctx.scheduler.runAfter(0, internal.node.turns.halt, {
    ...{ slotId, generation, stops },
  });
  for (const { stopId } of stops) {
    await ctx.db.patch("stops", stopId, { nextAt: now + STOP_AGAIN, job });
  }
}

/** When the turn is over there whether or not anybody was told. */
function endOf(stop: Doc<"stops">): number {
  return stop._creationTime + TURN_LIMIT;
}

/** Until it can be told; or until nothing can be at work there any more. */
async function putOff(ctx: MutationCtx, owed: Doc<"stops">[]): Promise<void> {
  for (const stop of owed) {
    const nextAt = endOf(stop);
    if (stop.nextAt === nextAt) continue;
    await ctx.db.patch("stops", stop._id, { nextAt });
  }
}

async function isBeingTold(
  ctx: MutationCtx,
  owed: Doc<"stops">[],
): Promise<boolean> {
  for (const job of new Set(owed.map((stop) => stop.job))) {
    if (await isAtWork(ctx, job, STOP_PATIENCE)) return true;
  }
  return false;
}

function stopsOf(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<Doc<"stops">[]> {
  return ctx.db
    .query("stops")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .take(MAX_STOPS);
}
