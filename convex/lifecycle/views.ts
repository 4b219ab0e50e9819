import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import { healthOf } from "../model/health";
import { canCancel } from "../model/replace";
import { isOff } from "../model/slot";
import { stopsAt } from "../model/keepAlive";
import { agentState, slotHealth, slotState } from "../validators";
import { queueOf } from "./admission";
import { getPulse } from "./pulses";
import { activeLaunches, getBoot, getPrevious, getRemote } from "./records";

export const sandboxView = v.object({
  slotId: v.id("slots"),
  name: v.string(),
  sandboxId: v.union(v.string(), v.null()),
  state: slotState,
  generation: v.number(),
  agent: v.union(agentState, v.null()),
  skills: v.array(
    v.object({
      skillKey: v.string(),
      name: v.string(),
      link: v.string(),
      sha: v.string(),
      installedAt: v.number(),
    }),
  ),
  autoStopAt: v.union(v.number(), v.null()),
  /** When it was announced that it stops at `autoStopAt` unless it is used. */
  warnedAt: v.union(v.number(), v.null()),
  /**
   * When it was last seen running; null before it ever was. Not renewed while it
   * runs and answers: it is looked at all the time, and lists would run again.
   */
  lastConfirmedAt: v.union(v.number(), v.null()),
  health: slotHealth,
  launching: v.number(),
  /** How often of late it lost skills that were put back; see model/repairs. */
  repairs: v.number(),
  /** From 1; null when it does not wait for a place. */
  position: v.union(v.number(), v.null()),
  /** The user's cap, where it waits because their own sandboxes fill it. */
  ownCap: v.union(v.number(), v.null()),
  /** It was made from a snapshot that is not the present one. */
  restartNeeded: v.boolean(),
  /** A former one that the provider has not confirmed as gone. */
  previous: v.union(v.null(), v.object({ generation: v.number() })),
  /** A replacement that can be given up now. */
  cancellable: v.boolean(),
});

/** Skills shown of one sandbox. */
const MAX_SKILLS = 200;

/** What the pages and the HTTP API are told of a sandbox. */
export async function view(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<Infer<typeof sandboxView>> {
  const [remote, boot, pulse, launching, queue, previous, skills] =
    await Promise.all([
      getRemote(ctx, slot._id, slot.generation),
      getBoot(ctx, slot),
      getPulse(ctx, slot._id),
      activeLaunches(ctx, slot._id),
      queueOf(ctx, slot),
      getPrevious(ctx, slot),
      ctx.db
        .query("installedSkills")
        .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
          q.eq("slotId", slot._id).eq("generation", slot.generation),
        )
        .take(MAX_SKILLS),
    ]);
  const { state } = slot;
  const { status } = state;
  const exists =
    isOff(state) || !["empty", "failed", "queued"].includes(status);
  const running = status === "running";
  const confirmedAt = pulse?.confirmedAt || null;
  return {
    slotId: slot._id,
    name: slot.name,
    // A replacement outlives the old one.
    sandboxId:
      exists && remote?.state !== "gone" ? (remote?.remoteId ?? null) : null,
    state: slot.state,
    generation: slot.generation,
    agent: running ? (boot?.agent ?? null) : null,
    skills: exists
      ? skills.map((skill) => ({
          skillKey: skill.skillKey,
          name: skill.name,
          link: skill.link,
          sha: skill.sha,
          installedAt: skill._creationTime,
        }))
      : [],
    autoStopAt: running && confirmedAt ? stopsAt(confirmedAt) : null,
    warnedAt: running ? (pulse?.warnedAt ?? null) : null,
    lastConfirmedAt: pulse?.lookedAt || null,
    health: healthOf(slot.state, pulse?.unreachable, boot?.agent?.state),
    launching: launching.length,
    repairs: running ? (boot?.repairs?.count ?? 0) : 0,
    ...queue,
    restartNeeded: exists && isOutdated(remote),
    previous: previous && { generation: previous.generation },
    cancellable:
      status === "replacing"
        ? canCancel(state)
        : status === "queued" && state.for === "replace",
  };
}

/** Whether what is fixed at create differs from what a new one would get. */
function isOutdated(remote: Doc<"remotes"> | null): boolean {
  const now = process.env.SLIPWAY_SNAPSHOT;
  return remote?.snapshot !== undefined && !!now && remote.snapshot !== now;
}
