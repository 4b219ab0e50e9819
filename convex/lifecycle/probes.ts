import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { hasTurns, hasWaitingTurns, isHandedOver } from "../chat/records";
import { isUnreachable, sameAgent, UNREACHABLE_AFTER } from "../model/health";
import { probed } from "../model/log";
import { decide, isSilent, type SlotEvent } from "../model/slot";
import { capsOf, MAX_CAP } from "../model/admission";
import { isEnding } from "../model/keepAlive";
import { POLL, PROBE_INTERVAL, PROBE_TIMEOUT } from "../model/timing";
import { agentState, providerState } from "../validators";
import { confirmActivity, ensureActivity, isLeaving } from "./activity";
import { isAbandoned } from "./leases";
import { instantOn, relaunchInstant } from "./instant";
import { log } from "./log";
import { keepPulse } from "./pulses";
import {
  activeLaunches,
  getActivity,
  getBoot,
  getRemote,
  installedOn,
  newToken,
  requireSlot,
} from "./records";
import { reconcile } from "./reconcile";
import { applyEvent } from "./slots";
import { isInUse } from "./use";
import { retireVersions, withdrawMissing } from "./versions";

/**
 * One look at a running sandbox at a time. The provider is always asked; the
 * daemon only for somebody, because its answer counts as activity and would
 * keep a sandbox alive that nobody uses: where one waits for the answer, or the
 * look keeps it alive anyway. An answer that is older than the slot's
 * revision is dropped, and no answer is never proof of death.
 */

/** Slots looked at by one cron run; the rest follow in the next. */
const PROBES_PER_RUN = 25;

/** With many sandboxes each is looked at within this many runs: ten minutes. */
const LOOK_WITHIN_RUNS = 10;

/** Looks in a row without an answer before what waits is given up. */
const MAX_FAILURES = 6;

/** Quick looks at an agent that boots, since it was started or configured: a minute and a half. */
const MAX_POLLS = 45;

/** Looks soon, unless a look that asks as much is under way. */
export async function startProbe(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  options: { asksDaemon: boolean; delay?: number },
): Promise<void> {
  const now = Date.now();
  const slot = await requireSlot(ctx, slotId);
  if (slot.state.status !== "running") return;
  const row = await ensureActivity(ctx, slotId);
  const asked = row.probe?.asksDaemon === true;
  const asksAsMuch = asked || !options.asksDaemon;
  if (row.probe && asksAsMuch && !(await isOver(ctx, row.probe, now))) return;
  const token = newToken();
  const delay = options.delay ?? 0;
  const scheduledId = await ctx.scheduler.runAfter(
    delay,
    internal.node.probe.run,
    { slotId, token },
  );
  await ctx.db.patch("activity", row._id, {
    nextProbeAt: now + delay + PROBE_INTERVAL,
    probe: {
      token,
      asksDaemon: options.asksDaemon || asked, // whoever joined it still waits
      scheduledId,
      claimed: false,
      expiresAt: now + delay + 2 * PROBE_TIMEOUT,
    },
  });
}

async function isOver(
  ctx: MutationCtx,
  probe: NonNullable<Doc<"activity">["probe"]>,
  now: number,
): Promise<boolean> {
  return probe.expiresAt <= now && (await isAbandoned(ctx, probe));
}

/**
 * Whether the provider was last seen stopping it, unasked: nothing flies to it
 * then. It is looked at, and whoever waits is served once it answers, or is off.
 */
export async function waitsForStop(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  if (!(await isLeaving(ctx, slotId))) return false;
  await startProbe(ctx, slotId, { asksDaemon: true });
  return true;
}

const UNASKED = "unasked" as const;

/** Hands the probe what to look at, or null when it is no longer wanted. */
export const begin = internalMutation({
  args: { slotId: v.id("slots"), token: v.string() },
  returns: v.union(
    v.null(),
    v.object({
      revision: v.number(),
      generation: v.number(),
      remoteId: v.string(),
      credential: v.optional(v.string()),
      keepAlive: v.boolean(),
      daemon: v.union(
        v.literal("unasked"),
        v.literal("unclaimed"), // by us since it began to run
        v.object({
          url: v.string(),
          previewToken: v.string(),
          sandboxdKey: v.string(),
          listed: v.array(
            v.object({
              id: v.id("installedSkills"),
              skillKey: v.string(),
              digest: v.string(),
            }),
          ),
        }),
      ),
    }),
  ),
  handler: async (ctx, { slotId, token }) => {
    const row = await getActivity(ctx, slotId);
    if (row?.probe?.token !== token) return null;
    const slot = await requireSlot(ctx, slotId);
    const remote = await getRemote(ctx, slotId, slot.generation);
    if (slot.state.status !== "running" || remote?.remoteId === undefined) {
      await ctx.db.patch("activity", row._id, { probe: undefined });
      return null;
    }
    const keepAlive = await isInUse(ctx, row);
    // So what the agent was last seen to be is never old news to who watches.
    const asksDaemon = row.probe.asksDaemon || keepAlive;
    await ctx.db.patch("activity", row._id, {
      ...(asksDaemon && { owed: undefined }),
      probe: {
        ...row.probe,
        asksDaemon,
        claimed: true,
        expiresAt: Date.now() + 2 * PROBE_TIMEOUT,
      },
    });
    return {
      revision: slot.revision,
      generation: slot.generation,
      remoteId: remote.remoteId,
      ...(remote.credential !== undefined && { credential: remote.credential }),
      keepAlive,
      daemon: asksDaemon ? await daemonOf(ctx, slot) : UNASKED,
    };
  },
});

/** How to ask it, unless it was never claimed: a stop came while it started, and did not happen. */
async function daemonOf(ctx: MutationCtx, slot: Doc<"slots">) {
  const boot = await getBoot(ctx, slot);
  if (!boot?.access) return "unclaimed" as const;
  const { access, sandboxdKey } = boot;
  const listed = (await installedOn(ctx, slot)).map(
    ({ _id, skillKey, digest }) => ({ id: _id, skillKey, digest }),
  );
  return { url: access.url, previewToken: access.token, sandboxdKey, listed };
}

/** Takes the probe's report. */
export const report = internalMutation({
  args: {
    slotId: v.id("slots"),
    token: v.string(),
    revision: v.number(),
    probe: v.union(
      v.object({
        kind: v.literal("present"),
        provider: providerState,
        daemon: v.union(
          v.literal("ok"),
          v.literal("unclaimed"),
          v.literal("moved"),
          v.literal("unreachable"),
          v.literal("unasked"),
        ),
      }),
      v.object({ kind: v.literal("gone") }),
      v.object({ kind: v.literal("unknown") }),
    ),
    keptAlive: v.boolean(),
    ms: v.number(), // that the look took
    agent: v.optional(agentState),
    missing: v.array(v.id("installedSkills")), // of what was listed when it was asked
  },
  returns: v.null(),
  handler: async (ctx, { slotId, token, revision, ms, ...found }) => {
    const row = await getActivity(ctx, slotId);
    if (row?.probe?.token !== token) return null;
    await ctx.db.patch("activity", row._id, { probe: undefined });
    const slot = await requireSlot(ctx, slotId);
    if (slot.revision !== revision) {
      // Whoever it asked the daemon for has heard nothing.
      const { asksDaemon } = row.probe;
      if (asksDaemon) await startProbe(ctx, slotId, { asksDaemon });
      return null;
    }
    const { probe, agent } = found;
    const started = probe.kind === "present" && probe.provider === "started";
    const silent = started && isSilent(probe.daemon);
    if (found.keptAlive || (started && probe.daemon === "ok")) {
      // By our clock: its worker may have frozen between measuring and reporting.
      const asked = row.probe.expiresAt - 2 * PROBE_TIMEOUT;
      await confirmActivity(ctx, slotId, Date.now() - asked);
    }
    if (started && !silent) {
      const now = Date.now();
      const heard = { lookedAt: now, failures: 0, leaving: undefined };
      await ctx.db.patch("activity", row._id, heard);
    } else {
      // One that is being stopped is not to be reached, and not unusable.
      const leaves =
        probe.kind === "unknown"
          ? row.leaving === true
          : probe.kind === "present" && probe.provider === "stopping";
      const most = leaves ? UNREACHABLE_AFTER : Infinity;
      const failures = Math.min(row.failures + 1, most);
      const leaving = leaves || undefined;
      await ctx.db.patch("activity", row._id, { failures, leaving });
    }
    const boot = await getBoot(ctx, slot);
    const event = { type: "probe", probe } as const;
    const next = decide(slot, event, Date.now());
    const moves = next.state !== slot.state;
    if (moves || (agent && agent.state !== boot?.agent?.state)) {
      await log(ctx, { slot, what: { ...probed(probe, agent?.state), ms } });
    }
    // Lists read it: the same is not written again.
    if (boot && agent && !sameAgent(boot.agent, agent)) {
      await ctx.db.patch("boots", boot._id, { agent });
    }
    await withdrawMissing(ctx, slot, found.missing, ms);
    if (slot.state.status === "running" && next.state.status !== "running") {
      await disappoint(ctx, row, event);
    } else {
      await applyEvent(ctx, slotId, event);
    }
    // An agent that was asked and did not answer is what it was.
    const latest = agent ?? (row.probe.asksDaemon ? boot?.agent : undefined);
    await goOn(ctx, slotId, {
      booting: latest?.state === "starting",
      silent,
      moved: started && probe.daemon === "moved",
    });
    await warnOfStop(ctx, slotId);
    await keepPulse(ctx, slotId);
    // What could not go while it was stopped goes now.
    if (started && probe.daemon === "ok") await retireVersions(ctx, slotId);
    return null;
  },
});

/** It runs and nobody answers at its address: a restart, after which both are new. */
const RESTARTED: SlotEvent = {
  type: "probe",
  probe: { kind: "present", provider: "started", daemon: "unclaimed" },
};

/** It does not run, although instant launches were answered as if it did: those are launched again. */
async function disappoint(
  ctx: MutationCtx,
  { slotId, confirmedAt }: Doc<"activity">,
  event: SlotEvent,
): Promise<void> {
  const slot = await requireSlot(ctx, slotId);
  const { state, failed } = decide(slot, event, Date.now());
  const relaunch = () =>
    relaunchInstant(ctx, slotId, confirmedAt, state.status);
  // First, so that messages that wait in their sessions have a launch to wait for.
  if (!failed) await relaunch();
  await applyEvent(ctx, slotId, event);
  if (failed?.code !== "sandbox_lost") return;
  // Whoever waited when it was lost has failed by now; these are told it was.
  await relaunch();
  await reconcile(ctx, slotId);
}

/** Says once, before the provider stops it for want of use, that it will. */
async function warnOfStop(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const now = Date.now();
  const { state } = await requireSlot(ctx, slotId);
  const row = await ensureActivity(ctx, slotId);
  if (state.status !== "running" || row.warnedAt !== undefined) return;
  if (isEnding(row.confirmedAt, now)) {
    await ctx.db.patch("activity", row._id, { warnedAt: now });
  }
}

/** Asks again soon while the agent boots or somebody waits, but not for ever. */
async function goOn(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  { booting, silent, moved }: Record<"booting" | "silent" | "moved", boolean>,
): Promise<void> {
  // What does not run any more is its own step's from here on.
  if ((await requireSlot(ctx, slotId)).state.status !== "running") return;
  const row = await ensureActivity(ctx, slotId);
  const waiting = (await activeLaunches(ctx, slotId)).length > 0;
  const believed = (await instantOn(ctx, slotId, row.confirmedAt)).length > 0;
  const hoping = silent && ((await isHandedOver(ctx, slotId)) || believed);
  // What moved is set up again for whoever wants it: its agent's work is gone.
  // Mere silence may be of the way to it: a new setup would not be heard, and
  // end in a stop.
  const lost =
    moved &&
    isUnreachable(row.failures) &&
    (waiting ||
      believed ||
      (await hasTurns(ctx, slotId)) ||
      (await isInUse(ctx, row)));
  if (lost || (hoping && !waiting && row.failures >= MAX_FAILURES)) {
    await ctx.db.patch("activity", row._id, { failures: 0 });
    await disappoint(ctx, row, RESTARTED);
    return;
  }
  if (waiting && row.failures >= MAX_FAILURES) {
    await ctx.db.patch("activity", row._id, { failures: 0 });
    await applyEvent(ctx, slotId, { type: "unusable" });
    return;
  }
  if (row.failures === 0) await reconcile(ctx, slotId);
  const polls = row.polls + (booting ? 1 : 0);
  await ctx.db.patch("activity", row._id, { polls });
  const again =
    (booting && polls < MAX_POLLS) ||
    (row.leaving === true && (await hasWaitingTurns(ctx, slotId))) ||
    ((waiting || hoping) && row.failures > 0) ||
    (believed && row.failures === 0); // who came after this look was asked
  if (again) await startProbe(ctx, slotId, { asksDaemon: true, delay: POLL });
}

/** Cron: one look a minute at every running sandbox, the longest unseen first. */
export const probeRunning = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const now = Date.now();
    // Were a sandbox in use looked at too rarely, the provider would stop it.
    const read = capsOf(process.env);
    const most = read.ok ? read.caps.deployment : MAX_CAP;
    const looks = Math.max(PROBES_PER_RUN, Math.ceil(most / LOOK_WITHIN_RUNS));
    const due = await ctx.db
      .query("activity")
      .withIndex("by_next_probe_at", (q) =>
        q.gt("nextProbeAt", 0).lte("nextProbeAt", now),
      )
      .take(looks);
    for (const row of due) {
      const slot = await requireSlot(ctx, row.slotId);
      if (slot.state.status === "running") {
        const asksDaemon = row.owed === true;
        await startProbe(ctx, row.slotId, { asksDaemon });
        continue;
      }
      // What does not run is looked at by its own step; the next boot sets it again.
      await ctx.db.patch("activity", row._id, { nextProbeAt: undefined });
    }
    return null;
  },
});
