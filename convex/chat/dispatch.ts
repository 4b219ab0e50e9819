import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { suspect, wantRunning } from "../lifecycle";
import { mayFly, startInstall } from "../lifecycle/installs";
import {
  activeLaunches,
  getBoot,
  getInstalled,
  newToken,
  requireSlot,
} from "../lifecycle/records";
import {
  MAX_RUNNING,
  NO_PROGRESS,
  QUEUE_DEADLINE,
  QUEUE_LOOK,
  SEND_LOOK,
} from "../model/chat/limits";
import { prospect, type Place } from "../model/chat/turn";
import type { Failure } from "../model/errors";
import { canBeTold, isServing } from "./daemon";
import { endTurn, lost } from "./finish";
import { turnsAt, waitingTurns } from "./records";
import { payStops } from "./stops";

/**
 * Brings the turns of a slot to where its records say they can be: hands over
 * what can go, ends what the sandbox has lost, fails what waits for nothing.
 * Level-triggered: any change may call it, and twice is harmless.
 */
export async function dispatchTurns(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const slot = await requireSlot(ctx, slotId);
  const boot = await getBoot(ctx, slot);
  const claimed = boot?.access !== undefined;
  const served = claimed && isServing(slot.state);
  const under = await giveUpLost(ctx, slot, served);
  const wake = await letGo(ctx, slot, boot, under);
  await payStops(ctx, slot, claimed && canBeTold(slot.state));
  // Last: it changes the slot and comes back here.
  if (wake) await wantRunning(ctx, slotId);
}

/** Moves what waits for the slot, if it can; answers whether it waits for a start that nobody has asked for. */
async function letGo(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  boot: Doc<"boots"> | null,
  under: Doc<"turns">[],
): Promise<boolean> {
  const waiting = await waitingTurns(ctx, slot._id);
  if (waiting.length === 0) return false;
  // Nobody claimed it: a look finds that out, and has it set up.
  if (isServing(slot.state) && !boot?.access) await suspect(ctx, slot._id);
  const place = await placeOf(ctx, slot, boot);
  const able: Doc<"turns">[] = [];
  let wake = false;
  for (const turn of waiting) {
    const what = prospect(place, turn._creationTime);
    if (what.kind === "go") able.push(turn);
    if (what.kind === "wake") wake = true;
    if (what.kind !== "never") continue;
    await endTurn(ctx, turn, { state: "failed", error: what.error });
  }
  await handOver(ctx, slot, under, able);
  return wake;
}

/** The slot cannot serve: what it had is lost, what waited for it alone fails. */
export async function failTurns(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  error: Failure,
): Promise<void> {
  for (const turn of await turnsAt(ctx, slotId)) {
    await endTurn(ctx, turn, lost(turn, error.message));
  }
  const launches = await activeLaunches(ctx, slotId);
  const relaunching = new Set(launches.map((launch) => launch.sessionId));
  for (const turn of await waitingTurns(ctx, slotId)) {
    if (relaunching.has(turn.sessionId)) continue;
    await endTurn(ctx, turn, { state: "failed", error });
  }
}

/** A skill cannot be put on the slot's disk: what waits for it fails. */
export async function failTurnsFor(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  skill: { skillKey: string; sha: string },
  error: Failure,
): Promise<void> {
  if (await getInstalled(ctx, slot, skill.skillKey, skill.sha)) return;
  for (const turn of await waitingTurns(ctx, slot._id)) {
    const { skillKey, sha } = await sessionOf(ctx, turn);
    if (skillKey !== skill.skillKey || sha !== skill.sha) continue;
    await endTurn(ctx, turn, { state: "failed", error });
  }
}

/**
 * Ends turns whose sandbox no longer runs; takes back those on their way to it.
 * Answers those that are under way.
 */
async function giveUpLost(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  served: boolean,
): Promise<Doc<"turns">[]> {
  const under: Doc<"turns">[] = [];
  for (const turn of await turnsAt(ctx, slot._id)) {
    if (served && turn.generation === slot.generation) {
      under.push(turn);
      continue;
    }
    if (turn.state === "sending" && !turn.stopRequested) {
      // Nothing came back from it, so it waits for the sandbox like the others.
      await waitAgain(ctx, turn._id);
    } else {
      const message = "The sandbox stopped while the agent was working.";
      await endTurn(ctx, turn, lost(turn, message));
    }
  }
  return under;
}

/** Takes a turn back that nothing has come of: it has the time of any that waits. */
export async function waitAgain(
  ctx: MutationCtx,
  turnId: Id<"turns">,
): Promise<void> {
  const now = Date.now();
  await ctx.db.patch("turns", turnId, {
    state: "queued",
    token: undefined,
    attempt: 0,
    checkAt: now + QUEUE_LOOK,
    deadlineAt: now + QUEUE_DEADLINE,
  });
}

async function placeOf(
  ctx: QueryCtx,
  slot: Doc<"slots">,
  boot: Doc<"boots"> | null,
): Promise<Place> {
  const launches = await activeLaunches(ctx, slot._id);
  const { state } = slot;
  const config = boot?.access ? boot.config : null;
  return {
    slot: state.status,
    since: "since" in state ? state.since : 0,
    config: config?.status === "clean" ? "clean" : "pending",
    launching: launches.length > 0,
    halted: state.status === "replacing" && state.error !== undefined,
    broken: state.status === "failed" && state.disk === "kept",
  };
}

/** Sends the first waiting turn of each session that has none under way. */
async function handOver(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  under: Doc<"turns">[],
  waiting: Doc<"turns">[],
): Promise<void> {
  let room = MAX_RUNNING - under.length;
  const busy = new Set(under.map((turn) => turn.sessionId));
  for (const turn of waiting) {
    if (room <= 0) return;
    if (busy.has(turn.sessionId)) continue;
    busy.add(turn.sessionId);
    if (!(await ensureSkill(ctx, slot, turn))) continue;
    await startSending(ctx, slot, turn);
    room -= 1;
  }
}

/** Whether the session's skill is on this generation's disk. If not, it is on its way there. */
async function ensureSkill(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  turn: Doc<"turns">,
): Promise<boolean> {
  const { skillKey, sha } = await sessionOf(ctx, turn);
  if (await getInstalled(ctx, slot, skillKey, sha)) return true;
  if (await mayFly(ctx, slot)) await startInstall(ctx, slot, { skillKey, sha });
  return false;
}

async function sessionOf(
  ctx: QueryCtx,
  turn: Doc<"turns">,
): Promise<Doc<"sessions">> {
  const session = await ctx.db.get("sessions", turn.sessionId);
  if (!session) throw new Error(`Session ${turn.sessionId} is missing.`);
  return session;
}

async function startSending(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  turn: Doc<"turns">,
): Promise<void> {
  const now = Date.now();
  await ctx.db.patch("turns", turn._id, {
    state: "sending",
    generation: slot.generation,
    attempt: 0,
    pushTokenHashes: [],
    startedAt: now,
    lastEventAt: now,
    deadlineAt: now + NO_PROGRESS,
  });
  await scheduleSend(ctx, turn._id, 0);
}

/** Gives the turn to a new sender after `delay` ms; an older one is refused from here on. */
export async function scheduleSend(
  ctx: MutationCtx,
  turnId: Id<"turns">,
  delay: number,
): Promise<void> {
  const token = newToken();
  const job = await ctx.scheduler.runAfter(delay, internal.node.turns.send, {
    turnId,
    token,
  });
  await ctx.db.patch("turns", turnId, {
    token,
    job,
    checkAt: Date.now() + delay + SEND_LOOK,
  });
}
