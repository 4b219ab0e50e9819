import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import { failureValidator, launchPath, launchStep } from "../validators";
import { queueOf } from "./admission";
import { DEFAULT_SLOT, getRemote } from "./records";

export const launchView = v.object({
  launchId: v.id("launches"),
  sessionId: v.id("sessions"),
  slotId: v.id("slots"),
  sandboxId: v.union(v.string(), v.null()),
  skillKey: v.string(),
  skillName: v.string(),
  sha: v.string(),
  link: v.string(),
  path: v.union(launchPath, v.null()),
  state: v.union(
    v.literal("queued"),
    v.literal("creating"),
    v.literal("starting"),
    v.literal("installing"),
    v.literal("ready"),
    v.literal("failed"),
    v.literal("cancelled"),
  ),
  error: v.union(failureValidator, v.null()),
  /** By what it was cancelled, or null. */
  reason: v.union(v.string(), v.null()),
  createdAt: v.number(),
  readyAt: v.union(v.number(), v.null()),
  endedAt: v.union(v.number(), v.null()),
  steps: v.array(launchStep),
  /** In the queue for a place, from 1; null when it does not wait for one. */
  position: v.union(v.number(), v.null()),
  /** The user's cap, where it waits because their own sandboxes fill it. */
  ownCap: v.union(v.number(), v.null()),
  /** In a sandbox that no other skill shares. */
  own: v.boolean(),
});

/** What the pages and the HTTP API are told of a launch. */
export async function viewLaunch(
  ctx: QueryCtx,
  launch: Doc<"launches">,
): Promise<Infer<typeof launchView>> {
  const { state } = launch;
  const slot = await ctx.db.get("slots", launch.slotId);
  return {
    launchId: launch._id,
    sessionId: launch.sessionId,
    slotId: launch.slotId,
    sandboxId: slot && (await sandboxIdOf(ctx, slot)),
    ...(slot && launch.active
      ? await queueOf(ctx, slot)
      : { position: null, ownCap: null }),
    own: slot !== null && slot.name !== DEFAULT_SLOT,
    skillKey: launch.skillKey,
    skillName: launch.skillName,
    sha: launch.sha,
    link: launch.link,
    path: launch.path ?? null,
    state: state.state,
    error: state.state === "failed" ? state.error : null,
    reason: state.state === "cancelled" ? state.reason : null,
    createdAt: launch._creationTime,
    readyAt: state.state === "ready" ? state.at : null,
    endedAt: "at" in state ? state.at : null,
    steps: launch.steps,
  };
}

async function sandboxIdOf(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<string | null> {
  if (slot.state.status === "empty") return null;
  const remote = await getRemote(ctx, slot._id, slot.generation);
  return remote?.remoteId ?? null;
}
