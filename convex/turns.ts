import { v } from "convex/values";
import { internal } from "./_generated/api";
import type { Doc, Id } from "./_generated/dataModel";
import { internalMutation, type MutationCtx } from "./_generated/server";
import { isAtWork } from "./chat/atWork";
import { dispatchTurns, scheduleSend } from "./chat/dispatch";
import { endTurn } from "./chat/finish";
import { turnsAt } from "./chat/records";
import { overdue, type Ending } from "./model/chat/deadline";
import {
  MAX_RUNNING,
  MAX_SENDS,
  PAUSE,
  QUEUE_DEADLINE,
  QUEUE_LOOK,
  QUIET,
  SEND_LOOK,
  SEND_PATIENCE,
} from "./model/chat/limits";
import { abandonIfUnwanted } from "./lifecycle";
import { requireSlot } from "./lifecycle/records";
import { outwaited } from "./model/admission";
import { failure } from "./model/errors";

export { dispatchTurns, failTurns, failTurnsFor } from "./chat/dispatch";
export { hasTurns, hasWaitingTurns } from "./chat/records";

const STATES = ["queued", "sending", "running"] as const;

/** Of each kind found by one run; the jobs that follow from it are at most 1,000. */
const BATCH = 250;

/** Turns of one slot looked at by one transaction, each with some ten reads. */
const LOOK = 10;

/**
 * Pieces handled by the cron itself, which waits in no queue of jobs; the rest are
 * jobs. They read on its account of 4,096 ranges: up to 350 where a hundred wait,
 * each for a skill of its own.
 */
const AT_ONCE = 10;

/** Pulled by one action: sandboxes that hang cost one job, not many. */
const PULLS = 20;

/** Some of what is due in one slot; none where only a stop is. */
type Piece = { slotId: Id<"slots">; turnIds: Id<"turns">[] };

/**
 * Cron: every wait of a turn that lasted too long ends here, as a write, and
 * quiet turns are pulled. Works with no tab open and no push arriving. It only
 * finds what is due; each slot is handled in a mutation of its own, so that one
 * that fails, or has more than one transaction can read, holds up no other.
 */
export const check = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const now = Date.now();
    const due: Doc<"turns">[] = [];
    for (const state of STATES) due.push(...(await find(ctx, state, -1, now)));
    const slots = new Set<Id<"slots">>();
    for (const { slotId } of await dueStops(ctx, now)) slots.add(slotId);
    await handle(ctx, due, slots, now);
    return null;
  },
});

/** What one run of the cron does not find at once: the turns due after `after`. */
export const checkMore = internalMutation({
  args: {
    state: v.union(...STATES.map((state) => v.literal(state))),
    after: v.number(),
    until: v.number(),
  },
  returns: v.null(),
  handler: async (ctx, { state, after, until }) => {
    const due = await find(ctx, state, after, until);
    await handle(ctx, due, new Set(), Date.now());
    return null;
  },
});

/**
 * The turns of a state that became due after `after`; more than a batch are
 * another transaction's. Of those of one and the same millisecond some may be
 * left to the next run, which finds the oldest first.
 */
async function find(
  ctx: MutationCtx,
  state: (typeof STATES)[number],
  after: number,
  until: number,
): Promise<Doc<"turns">[]> {
  const due = await ctx.db
    .query("turns")
    .withIndex("by_state_and_check_at", (q) =>
      q.eq("state", state).gt("checkAt", after).lte("checkAt", until),
    )
    .take(BATCH);
  const last = due.at(-1);
  if (last && due.length === BATCH) {
    await ctx.scheduler.runAfter(0, internal.turns.checkMore, {
      ...{ state, after: last.checkAt, until },
    });
  }
  return due;
}

/** What sandboxes are to be told, or told again. */
function dueStops(ctx: MutationCtx, now: number): Promise<Doc<"stops">[]> {
  return ctx.db
    .query("stops")
    .withIndex("by_next_at", (q) => q.lte("nextAt", now))
    .take(BATCH);
}

/** Has each slot looked after that has something due. */
async function handle(
  ctx: MutationCtx,
  due: Doc<"turns">[],
  slots: Set<Id<"slots">>,
  now: number,
): Promise<void> {
  const pieces = piecesOf(due, slots);
  for (const piece of pieces.slice(0, AT_ONCE)) await tryCheck(ctx, piece);
  for (const piece of pieces.slice(AT_ONCE)) {
    await ctx.scheduler.runAfter(0, internal.turns.checkSlot, piece);
  }
  const quiet = due
    .filter((turn) => turn.state === "running" && !endingOf(turn, now))
    .map(({ _id }) => _id);
  for (let at = 0; at < quiet.length; at += PULLS) {
    await ctx.scheduler.runAfter(0, internal.node.turns.pull, {
      turnIds: quiet.slice(at, at + PULLS),
    });
  }
}

function piecesOf(due: Doc<"turns">[], slots: Set<Id<"slots">>): Piece[] {
  const turns = Map.groupBy(due, ({ slotId }) => slotId);
  const pieces: Piece[] = [...slots]
    .filter((slotId) => !turns.has(slotId))
    .map((slotId) => ({ slotId, turnIds: [] }));
  for (const [slotId, of] of turns) {
    for (let at = 0; at < of.length; at += LOOK) {
      const turnIds = of.slice(at, at + LOOK).map(({ _id }) => _id);
      pieces.push({ slotId, turnIds });
    }
  }
  return pieces;
}

/** What fails is undone by itself, said, and tried again by the next run. */
async function tryCheck(ctx: MutationCtx, piece: Piece): Promise<void> {
  try {
    await ctx.runMutation(internal.turns.checkSlot, piece);
  } catch (error) {
    console.error(`The turns of slot ${piece.slotId} were not checked:`, error);
  }
}

/** Looks at some turns of a slot that are due, and at what the slot can do. */
export const checkSlot = internalMutation({
  args: { slotId: v.id("slots"), turnIds: v.array(v.id("turns")) },
  returns: v.null(),
  handler: async (ctx, { slotId, turnIds }) => {
    const now = Date.now();
    const under = await turnsAt(ctx, slotId);
    for (const turnId of turnIds) {
      const turn = await ctx.db.get("turns", turnId);
      if (!turn || turn.checkAt > now) continue; // somebody was quicker
      if (turn.state === "queued") await checkQueued(ctx, turn, under, now);
      if (turn.state === "sending") await checkSending(ctx, turn, now);
      if (turn.state === "running") await checkRunning(ctx, turn, now);
    }
    await dispatchTurns(ctx, slotId);
    return null;
  },
});

async function checkQueued(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  under: Doc<"turns">[],
  now: number,
): Promise<void> {
  const checkAt = now + QUEUE_LOOK;
  if (waitsForTurns(turn, under)) {
    // Its time begins when only the sandbox keeps it waiting.
    const deadlineAt = now + QUEUE_DEADLINE;
    await ctx.db.patch("turns", turn._id, { checkAt, deadlineAt });
    return;
  }
  if (now < turn.deadlineAt) {
    await ctx.db.patch("turns", turn._id, { checkAt });
    return;
  }
  const { state } = await requireSlot(ctx, turn.slotId);
  await endTurn(ctx, turn, {
    state: "failed",
    error: outwaited(state, "The sandbox was not ready in time."),
  });
  await abandonIfUnwanted(ctx, turn.slotId); // a place in line is for nobody now
}

/** Whether other turns, which all end in time, keep a turn waiting. */
function waitsForTurns(turn: Doc<"turns">, under: Doc<"turns">[]): boolean {
  return (
    under.length >= MAX_RUNNING ||
    under.some(({ sessionId }) => sessionId === turn.sessionId)
  );
}

/** Replaces a sender that is gone: a scheduled action runs at most once. */
async function checkSending(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  now: number,
): Promise<void> {
  if (await isAtWork(ctx, turn.job, SEND_PATIENCE)) {
    await ctx.db.patch("turns", turn._id, { checkAt: now + SEND_LOOK });
    return;
  }
  if (turn.attempt + 1 < MAX_SENDS) {
    await ctx.db.patch("turns", turn._id, { attempt: turn.attempt + 1 });
    await scheduleSend(ctx, turn._id, 0);
    return;
  }
  await endTurn(ctx, turn, {
    state: "failed",
    error: failure("agent_lost", "The message could not be handed over."),
  });
}

async function checkRunning(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  now: number,
): Promise<void> {
  const ending = endingOf(turn, now);
  if (ending) return endTurn(ctx, turn, ending);
  const { deadlineAt } = turn;
  // After a pause there may be much to fetch.
  const checkAt =
    deadlineAt > now ? Math.min(now + QUIET, deadlineAt) : now + 2 * QUIET;
  await ctx.db.patch("turns", turn._id, { checkAt });
}

/**
 * How a turn that is looked at now ends, or null. After a pause of ours its
 * silence says nothing: what it said meanwhile is pulled before it is judged.
 */
function endingOf(turn: Doc<"turns">, now: number): Ending | null {
  return now >= turn.checkAt + PAUSE ? null : overdue(turn, now);
}
