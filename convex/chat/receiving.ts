import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel";
import {
  internalMutation,
  internalQuery,
  type MutationCtx,
} from "../_generated/server";
import { confirmActivity, suspect } from "../lifecycle";
import { log } from "../lifecycle/log";
import { requireSlot } from "../lifecycle/records";
import { turnEvent } from "../validators";
import { takeEvents } from "./append";
import { daemon, daemonOf } from "./daemon";
import { takePlace } from "./places";
import { dispatchTurns } from "./dispatch";
import { endTurn, lost } from "./finish";

/** How a turn's events come in: pushed by the sandbox, or pulled from it. */

/** What a push token is good for; its turn's id comes with it. */
export const pushStanding = internalQuery({
  args: { turnId: v.string(), tokenHash: v.string() },
  returns: v.union(
    v.literal("stranger"),
    v.literal("over"),
    v.literal("known"),
  ),
  handler: async (ctx, { turnId: id, tokenHash }) => {
    const turnId = ctx.db.normalizeId("turns", id);
    const turn = turnId && (await ctx.db.get("turns", turnId));
    if (!turn?.pushTokenHashes.includes(tokenHash)) return "stranger";
    return turn.state === "ended" ? "over" : "known";
  },
});

/** A place for a push that is slow to arrive, or null: its sandbox has enough already. */
export const placeForPush = internalMutation({
  args: { turnId: v.string() },
  returns: v.union(v.null(), v.id("modelRequests")),
  handler: async (ctx, args): Promise<Id<"modelRequests"> | null> => {
    const turnId = ctx.db.normalizeId("turns", args.turnId);
    const turn = turnId && (await ctx.db.get("turns", turnId));
    if (!turn || turn.state === "ended") return null;
    return takePlace(ctx, await requireSlot(ctx, turn.slotId));
  },
});

/**
 * Takes events the sandbox pushed. `over`: stop pushing, for the turn has
 * ended, is unknown, or belongs to another generation; `stranger`: no token of it.
 */
export const push = internalMutation({
  args: {
    turnId: v.string(),
    tokenHash: v.string(),
    from: v.number(),
    events: v.array(turnEvent),
  },
  returns: v.union(
    v.object({ kind: v.literal("taken"), next: v.number() }),
    v.object({ kind: v.literal("gap"), next: v.number() }),
    v.object({ kind: v.literal("over") }),
    v.object({ kind: v.literal("stranger") }),
  ),
  handler: async (ctx, { turnId: id, tokenHash, from, events }) => {
    const turnId = ctx.db.normalizeId("turns", id);
    const turn = turnId && (await ctx.db.get("turns", turnId));
    if (!turn) return { kind: "over" as const };
    if (!turn.pushTokenHashes.includes(tokenHash)) {
      return { kind: "stranger" as const };
    }
    const slot = await requireSlot(ctx, turn.slotId);
    if (turn.generation !== slot.generation) return { kind: "over" as const };
    return takeAndGoOn(ctx, turn, from, events);
  },
});

async function takeAndGoOn(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  from: number,
  events: Infer<typeof turnEvent>[],
) {
  const taken = await takeEvents(ctx, turn, from, events);
  const after = await ctx.db.get("turns", turn._id);
  if (turn.state !== "ended" && after?.state === "ended") {
    await dispatchTurns(ctx, turn.slotId);
  }
  return taken;
}

/** Where to pull a turn's events from, or null when there is nothing to pull. */
export const beginPull = internalMutation({
  args: { turnId: v.id("turns") },
  returns: v.union(v.null(), v.object({ daemon, next: v.number() })),
  handler: async (ctx, { turnId }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (turn?.state !== "running") return null;
    const address = await daemonOf(ctx, turn);
    return address && { daemon: address, next: turn.cursor.next };
  },
});

/** Takes what a pull found. */
export const pulled = internalMutation({
  args: {
    turnId: v.id("turns"),
    generation: v.number(),
    ms: v.number(), // that the call took
    found: v.union(
      v.object({
        kind: v.literal("events"),
        from: v.number(),
        events: v.array(turnEvent),
        ended: v.boolean(), // these are its last
      }),
      v.object({ kind: v.literal("unknown_turn") }),
      v.object({ kind: v.literal("unreachable") }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { turnId, generation, ms, found }) => {
    const turn = await ctx.db.get("turns", turnId);
    if (turn?.state !== "running" || turn.generation !== generation) {
      return null;
    }
    if (found.kind === "unreachable") {
      await suspect(ctx, turn.slotId);
      return null;
    }
    await confirmActivity(ctx, turn.slotId, ms);
    if (found.kind === "events") {
      await takeAndGoOn(ctx, turn, found.from, found.events);
    }
    const now = await ctx.db.get("turns", turnId);
    if (now?.state !== "running") return null;
    if (found.kind === "unknown_turn") {
      await logPull(ctx, now, "there is no such message", ms);
      const ending = lost(now, "The agent restarted and lost this.");
      await endTurn(ctx, now, ending, "over");
    } else if (found.ended) {
      await logPull(ctx, now, "it broke off", ms);
      const ending = lost(now, "The agent's answer broke off.");
      await endTurn(ctx, now, ending, "over");
    }
    await dispatchTurns(ctx, turn.slotId);
    return null;
  },
});

/** Pulls are as usual as pushes: only what one ends with is told. */
async function logPull(
  ctx: MutationCtx,
  { slotId, generation }: Doc<"turns">,
  outcome: string,
  ms: number,
): Promise<void> {
  const slot = { _id: slotId, generation: generation ?? 0 };
  const what = { kind: "call", call: "pull", outcome, ok: false, ms } as const;
  await log(ctx, { slot, what });
}
