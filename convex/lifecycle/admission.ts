import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import {
  internalMutation,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server";
import { capsOf, MAX_POSITION, Occupancy } from "../model/admission";
import { failure, type Failure } from "../model/errors";
import { isOff } from "../model/slot";
import { getRemote } from "./records";
import { applyEvent } from "./slots";

/**
 * The queue. A row of `places` stands for a remote that lives, may live or has
 * not been confirmed gone. Whatever would add one waits in "queued", and this
 * one mutation admits: the rows it counts are the rows it adds to, so that two
 * of them can never give the same place away.
 */

/**
 * Waiting slots looked at in one run. Far more than those who have all they may
 * have can put in front of everybody else, and what one transaction may read.
 */
const LOOKED_AT = 10_000;

/** Admitted by one transaction, each with all that waits for it; the next goes on. */
const ADMITTED_AT_ONCE = 10;

/** Admits who waits, in the order of arrival, while there are places. */
export const admit = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const read = capsOf(process.env);
    if (!read.ok) return denyAll(ctx, read.problem);
    const { caps } = read;
    const taken = await ctx.db.query("places").take(caps.deployment);
    const places = new Occupancy(
      caps,
      taken.map((place) => place.userId),
    );
    const admitted: Id<"slots">[] = [];
    for await (const slot of waitingSlots(ctx)) {
      if (places.full || admitted.length === ADMITTED_AT_ONCE) break;
      if (places.admit(slot.userId)) admitted.push(slot._id);
    }
    for (const slotId of admitted) {
      await applyEvent(ctx, slotId, { type: "admit" });
    }
    return admitted.length === ADMITTED_AT_ONCE ? callAdmission(ctx) : null;
  },
});

/**
 * Tells all who wait why nobody is admitted, so that they need not wait for
 * nothing; each may ask again once it is mended.
 */
async function denyAll(ctx: MutationCtx, error: Failure): Promise<null> {
  console.error(`Nobody is admitted: ${error.message}`);
  const denied: Id<"slots">[] = [];
  for await (const slot of waitingSlots(ctx)) {
    if (denied.length === ADMITTED_AT_ONCE) break;
    denied.push(slot._id);
  }
  for (const slotId of denied) {
    await applyEvent(ctx, slotId, { type: "deny", error });
  }
  return denied.length === ADMITTED_AT_ONCE ? callAdmission(ctx) : null;
}

/** A replacement gave its place up to come back to it: it goes before the queue. */
async function* waitingSlots(ctx: QueryCtx): AsyncGenerator<Doc<"slots">> {
  let looked = 0;
  for (const status of ["replacing", "queued"] as const) {
    for await (const slot of inState(ctx, status)) {
      if (waitsForPlace(slot)) yield slot;
      looked += 1;
      if (looked === LOOKED_AT) return;
    }
  }
}

function inState(ctx: QueryCtx, status: "queued" | "replacing") {
  return ctx.db
    .query("slots")
    .withIndex("by_status_and_since", (q) => q.eq("state.status", status));
}

function waitsForPlace({ state }: Doc<"slots">): boolean {
  if (state.status === "queued") return true;
  return (
    state.status === "replacing" && state.stage === "place" && !state.error
  );
}

/** Has the queue looked at soon, if this change is something to it. */
export async function callAdmission(
  ctx: MutationCtx,
  slot?: Doc<"slots">,
): Promise<null> {
  const due = slot ? waitsForPlace(slot) : await somebodyWaits(ctx);
  if (!due) return null;
  await ctx.scheduler.runAfter(0, internal.lifecycle.admission.admit, {});
  return null;
}

/** Whether anybody waits for a place. */
async function somebodyWaits(ctx: QueryCtx): Promise<boolean> {
  for await (const _ of waitingSlots(ctx)) return true;
  return false;
}

/**
 * The place of a remote, brought in line with its row and its slot. One that
 * is gone, or confirmed as switched off, takes none.
 */
export async function keepPlace(
  ctx: MutationCtx,
  remote: Doc<"remotes">,
): Promise<void> {
  const slot = await ctx.db.get("slots", remote.slotId);
  if (!slot) return;
  const off =
    remote.state === "present" &&
    remote.generation === slot.generation &&
    isOff(slot.state);
  const taken = remote.state !== "gone" && !off;
  // What was switched off when its owner deleted it takes none on its way out.
  const leaves =
    remote.state === "deleting" ||
    (slot.state.status === "deleting" && remote.generation === slot.generation);
  const row = await ctx.db
    .query("places")
    .withIndex("by_remote", (q) => q.eq("remoteId", remote._id))
    .unique();
  if (taken && !row && !leaves) {
    await ctx.db.insert("places", {
      remoteId: remote._id,
      userId: slot.userId,
    });
  }
  if (!taken && row) {
    await ctx.db.delete("places", row._id);
    await callAdmission(ctx);
  }
}

/** The same for the remote of the slot's generation, if there is one. */
export async function keepPlaceOf(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<void> {
  const remote = await getRemote(ctx, slot._id, slot.generation);
  if (remote) await keepPlace(ctx, remote);
}

/**
 * Why what gives its place up now may not get one again: more run than since the
 * operator lowered a cap. Null if it does; with caps that cannot be read it is
 * told so.
 */
export async function overCap(
  ctx: QueryCtx,
  userId: Id<"users">,
): Promise<Failure | null> {
  const read = capsOf(process.env);
  if (!read.ok) return read.problem;
  const { deployment, user } = read.caps;
  const own = await ctx.db
    .query("places")
    .withIndex("by_user", (q) => q.eq("userId", userId))
    .take(user + 1);
  if (own.length > user) {
    return failure("over_cap", `You may have ${user} sandboxes running now.`);
  }
  const all = await ctx.db.query("places").take(deployment + 1);
  return all.length > deployment
    ? failure("over_cap", "More sandboxes run here than may now.")
    : null;
}

/** What a slot in the queue is told: its place, and whether its user's own cap keeps it there. */
export async function queueOf(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<{ position: number | null; ownCap: number | null }> {
  const position = await positionOf(ctx, slot);
  if (position === null) return { position, ownCap: null };
  const read = capsOf(process.env);
  if (!read.ok) return { position, ownCap: null }; // it will be told by itself
  const cap = read.caps.user;
  const own = await ctx.db
    .query("places")
    .withIndex("by_user", (q) => q.eq("userId", slot.userId))
    .take(cap);
  return { position, ownCap: own.length < cap ? null : cap };
}

/** The slot's place in the queue, from 1 to MAX_POSITION, or null when it is not queued. */
async function positionOf(
  ctx: QueryCtx,
  slot: { _id: Id<"slots">; state: Doc<"slots">["state"] },
): Promise<number | null> {
  const { state } = slot;
  if (state.status !== "queued") return null;
  const ahead = await ctx.db
    .query("slots")
    .withIndex("by_status_and_since", (q) =>
      q.eq("state.status", "queued").lte("state.since", state.since),
    )
    .take(MAX_POSITION);
  const place = ahead.findIndex((row) => row._id === slot._id);
  return place < 0 ? MAX_POSITION : place + 1;
}
