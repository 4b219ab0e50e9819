import { v, type Infer } from "convex/values";
import { getUser, requireUser } from "./access";
import type { Doc } from "./_generated/dataModel";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { userMutation, userQuery } from "./functions";
import { refuse } from "./model/errors";
import { healthOf } from "./model/health";
import { stopsAt } from "./model/keepAlive";
import type { SlotEvent } from "./model/slot";
import { agentState, slotHealth, slotState } from "./validators";
import {
  activeLaunches,
  getActivity,
  getBoot,
  getRemote,
  getSlotOf,
} from "./lifecycle/records";
import { acted } from "./lifecycle";
import { log } from "./lifecycle/log";
import { endLaunch } from "./lifecycle/reconcile";
import { applyEvent } from "./lifecycle/slots";

const sandboxView = v.object({
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
  warnedAt: v.union(v.number(), v.null()),
  lastConfirmedAt: v.union(v.number(), v.null()),
  health: slotHealth,
  launching: v.number(),
});

/** Skills shown of one sandbox. */
const MAX_SKILLS = 200;

/** The user's sandboxes, from the records alone. */
export const list = userQuery({
  scope: "read",
  args: {},
  returns: v.array(sandboxView),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    const slot = user && (await getSlotOf(ctx, user._id));
    return slot ? [await view(ctx, slot)] : [];
  },
});

/** One sandbox of the user, or null. */
export const getSandbox = userQuery({
  scope: "read",
  args: { slotId: v.string() },
  returns: v.union(sandboxView, v.null()),
  handler: async (ctx, args) => {
    const slot = await ownSlot(ctx, args.slotId);
    return slot && view(ctx, slot);
  },
});

/** Stops a running sandbox; its disk is kept. Launches under way on it are cancelled. */
export const stop = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    switch (slot.state.status) {
      case "stopped":
      case "stopping":
        return null;
      case "running":
      case "starting":
        await log(ctx, { slot, what: { kind: "action", action: "stop" } });
        return intend(ctx, slot, { type: "stop" }, "You stopped the sandbox.");
      default:
        throw refuse(
          "sandbox_not_running",
          "There is nothing running to stop.",
        );
    }
  },
});

/** Starts a stopped sandbox. */
export const start = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    switch (slot.state.status) {
      case "running":
      case "starting":
      case "creating":
        return null;
      case "stopped":
        await log(ctx, { slot, what: { kind: "action", action: "start" } });
        await acted(ctx, slot._id);
        await applyEvent(ctx, slot._id, { type: "want" });
        return null;
      case "stopping":
      case "deleting":
        throw refuse("sandbox_busy", "The sandbox is still on its way down.");
      default:
        throw refuse(
          "sandbox_not_running",
          "There is no sandbox to start. Launch a skill to make one.",
        );
    }
  },
});

/** Deletes the sandbox with everything on its disk. */
export const remove = userMutation({
  scope: "control",
  args: { slotId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const slot = await requireOwnSlot(ctx, args.slotId);
    await log(ctx, { slot, what: { kind: "action", action: "delete" } });
    return intend(ctx, slot, { type: "remove" }, "You deleted the sandbox.");
  },
});

/** What the user does to a sandbox ends the launches that were meant for it. */
async function intend(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  event: SlotEvent,
  reason: string,
): Promise<null> {
  for (const launch of await activeLaunches(ctx, slot._id)) {
    const ended = { state: "cancelled", at: Date.now(), reason } as const;
    await endLaunch(ctx, launch, ended);
  }
  await applyEvent(ctx, slot._id, event);
  return null;
}

async function ownSlot(
  ctx: QueryCtx,
  id: string,
): Promise<Doc<"slots"> | null> {
  const user = await getUser(ctx);
  const slotId = ctx.db.normalizeId("slots", id);
  if (!user || !slotId) return null;
  const slot = await ctx.db.get("slots", slotId);
  return slot?.userId === user._id ? slot : null;
}

async function requireOwnSlot(
  ctx: MutationCtx,
  id: string,
): Promise<Doc<"slots">> {
  await requireUser(ctx);
  const slot = await ownSlot(ctx, id);
  if (!slot) throw refuse("not_found", "There is no such sandbox.");
  return slot;
}

async function view(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<Infer<typeof sandboxView>> {
  const [remote, boot, activity, launching, skills] = await Promise.all([
    getRemote(ctx, slot._id, slot.generation),
    getBoot(ctx, slot),
    getActivity(ctx, slot._id),
    activeLaunches(ctx, slot._id),
    ctx.db
      .query("installedSkills")
      .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
        q.eq("slotId", slot._id).eq("generation", slot.generation),
      )
      .take(MAX_SKILLS),
  ]);
  const { status } = slot.state;
  const exists =
    status === "failed" ? slot.state.disk === "kept" : status !== "empty";
  const running = status === "running";
  const confirmedAt = activity?.confirmedAt || null;
  return {
    slotId: slot._id,
    name: slot.name,
    sandboxId: exists ? (remote?.remoteId ?? null) : null,
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
    warnedAt: running ? (activity?.warnedAt ?? null) : null,
    lastConfirmedAt: activity?.lookedAt || null,
    health: healthOf(slot.state, activity?.failures ?? 0, boot?.agent?.state),
    launching: launching.length,
  };
}
