import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { failure } from "../model/errors";
import {
  advanceSteps,
  judge,
  type Judgement,
  type Situation,
} from "../model/launch";
import { errorOf } from "../model/log";
import { isOff } from "../model/slot";
import { LAUNCH_DEADLINE } from "../model/timing";
import { dispatchTurns, failTurns, hasWaitingTurns } from "../turns";
import { startConfig } from "./config";
import { mayFly, startInstall } from "./installs";
import { logLaunch } from "./log";
import { startProbe } from "./probes";
import {
  activeLaunches,
  getActivity,
  getBoot,
  getInstalled,
  requireSlot,
} from "./records";
import { acquireCreateLock, applyEvent } from "./slots";

/**
 * Brings every launch of a slot to where the records say it is, and sets going
 * what it needs. Level-triggered: any change may call it, and twice is harmless.
 */
export async function reconcile(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const slot = await requireSlot(ctx, slotId);
  await startConfig(ctx, slot);
  const wantedOn = await isWantedOn(ctx, slot);
  const { wanted, probe } = await bringOn(ctx, slot);
  if (probe) await startProbe(ctx, slotId, { asksDaemon: true });
  // Last: it writes the slot and comes back here.
  if (wanted || wantedOn) await acquireCreateLock(ctx, slotId);
  else await dispatchTurns(ctx, slotId);
}

/** Whether a stop of it did not happen, and somebody waits for it, who came after that was asked for. */
async function isWantedOn(
  ctx: MutationCtx,
  { _id: slotId, state }: Doc<"slots">,
): Promise<boolean> {
  if (state.status !== "running" || !state.error) return false;
  const launches = await activeLaunches(ctx, slotId);
  return launches.length > 0 || (await hasWaitingTurns(ctx, slotId));
}

/** Brings each launch on; answers what they need of the slot. */
async function bringOn(ctx: MutationCtx, slot: Doc<"slots">) {
  const needs = { wanted: false, probe: false };
  const launches = await activeLaunches(ctx, slot._id);
  if (launches.length === 0) return needs;
  const place = await placeOf(ctx, slot);
  for (const launch of launches) {
    const { skillKey, sha } = launch;
    const installed = await getInstalled(ctx, slot, skillKey, sha);
    const judgement = judge(
      { ...place, installed: installed !== null },
      Date.now(),
    );
    await follow(ctx, launch, judgement);
    if ("need" in judgement) {
      needs.wanted ||= judgement.need === "want";
      needs.probe ||= judgement.need === "probe";
    }
    const install = judgement.state === "installing" && judgement.install;
    if (install && (await mayFly(ctx, slot))) {
      await startInstall(ctx, slot, launch);
    }
  }
  return needs;
}

/** What the records say of a skill on a slot. */
export async function situationOf(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  skillKey: string,
  sha: string,
): Promise<Situation> {
  return {
    ...(await placeOf(ctx, slot)),
    installed: (await getInstalled(ctx, slot, skillKey, sha)) !== null,
  };
}

async function placeOf(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<Omit<Situation, "installed">> {
  const boot = await getBoot(ctx, slot);
  const activity = await getActivity(ctx, slot._id);
  return {
    slot: slot.state,
    config: boot?.access ? boot.config : null,
    confirmedAt: activity?.confirmedAt ?? null,
  };
}

async function follow(
  ctx: MutationCtx,
  launch: Doc<"launches">,
  judgement: Judgement,
): Promise<void> {
  if (judgement.state === "ready") {
    return endLaunch(ctx, launch, { state: "ready", at: Date.now() });
  }
  if (launch.state.state === judgement.state) return;
  const now = Date.now();
  // Waiting for a place has a time of its own; the work's begins once.
  const begins =
    judgement.state !== "queued" && launch.admittedAt === undefined;
  await ctx.db.patch("launches", launch._id, {
    state: { state: judgement.state },
    steps: advanceSteps(launch.steps, judgement.state, now),
    ...(begins && { admittedAt: now, deadlineAt: now + LAUNCH_DEADLINE }),
  });
  await logLaunch(ctx, launch, { change: judgement.state });
}

type Ended = Extract<Doc<"launches">["state"], { at: number }>;

/** Ends a launch once; what it waited for goes on for whoever else wants it. */
export async function endLaunch(
  ctx: MutationCtx,
  launch: Doc<"launches">,
  state: Ended,
): Promise<void> {
  await ctx.db.patch("launches", launch._id, {
    state,
    active: false,
    steps: advanceSteps(launch.steps, state.state, state.at),
  });
  await logLaunch(ctx, launch, {
    change: state.state,
    ...(state.state === "failed" && { error: errorOf(state.error) }),
    ...(state.state === "cancelled" && { reason: state.reason }),
  });
}

/** What the user does to a sandbox ends what waits for it. */
export async function cancelWaiting(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  reason: string,
): Promise<void> {
  for (const launch of await activeLaunches(ctx, slot._id)) {
    const ended = { state: "cancelled", at: Date.now(), reason } as const;
    await endLaunch(ctx, launch, ended);
  }
  // Or a message that waits would start it again at once, or once it is off.
  if (slot.state.status === "queued" || slot.state.status === "stopping") {
    await failTurns(ctx, slot._id, failure("sandbox_not_running", reason));
  }
}

/** After a launch or a turn was withdrawn: what nobody waits for is given up. */
export async function abandonIfUnwanted(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  if ((await activeLaunches(ctx, slotId)).length > 0) return;
  const { state } = await requireSlot(ctx, slotId);
  // A turn waits for a start; a create is a launch's alone.
  const starts = state.status === "queued" && isOff(state);
  if (starts && (await hasWaitingTurns(ctx, slotId))) return;
  await applyEvent(ctx, slotId, { type: "abandon" });
}
