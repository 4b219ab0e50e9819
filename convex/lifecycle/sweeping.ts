import { v, type Infer } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import {
  internalMutation,
  internalQuery,
  type MutationCtx,
} from "../_generated/server";
import { isUnwatched } from "../model/slot";
import { brake, isCondemned, type Listed } from "../model/sweep";
import { isTold } from "../model/log";
import { backoff, UNSETTLED } from "../model/timing";
import { keepPlace } from "./admission";
import { log } from "./log";
import { forgetOrphans, orphanOf, strike } from "./orphans";
import { getRemote, requireSlot } from "./records";
import { applyEvent } from "./slots";

/**
 * The sweeper's decisions. It lists the provider first and matches inside the
 * transaction that condemns, so that a record written meanwhile protects its remote.
 */

/** Deletes and looks in one sweep; the next minute takes more. */
const BATCH = 20;

const givenUp = v.object({
  remote: v.id("remotes"),
  name: v.string(),
  remoteId: v.optional(v.string()),
  credential: v.optional(v.string()),
});

const stray = v.object({
  slotId: v.id("slots"),
  revision: v.number(),
  remoteId: v.string(),
  credential: v.optional(v.string()),
});

/** What to list and which given-up remotes to settle now. */
export const begin = internalMutation({
  args: {},
  returns: v.union(
    v.null(),
    v.object({
      deploymentId: v.string(),
      settle: v.array(givenUp),
    }),
  ),
  handler: async (ctx) => {
    const deployment = await ctx.db.query("deployment").first();
    if (!deployment) return null;
    const settle: Doc<"remotes">[] = [];
    for (const state of ["deleting", "unsettled"] as const) {
      settle.push(
        ...(await ctx.db
          .query("remotes")
          .withIndex("by_state_and_next_at", (q) =>
            q.eq("state", state).lte("nextAt", Date.now()),
          )
          .take(BATCH)),
      );
    }
    return {
      deploymentId: deployment.deploymentId,
      settle: settle.map(workOf),
    };
  },
});

/** One given-up remote, or null once it is settled. */
export const given = internalQuery({
  args: { remote: v.id("remotes") },
  returns: v.union(v.null(), givenUp),
  handler: async (ctx, { remote }) => {
    const row = await ctx.db.get("remotes", remote);
    const open = row?.state === "deleting" || row?.state === "unsettled";
    return open ? workOf(row) : null;
  },
});

function workOf(row: Doc<"remotes">) {
  return {
    remote: row._id,
    name: row.name,
    ...(row.remoteId !== undefined && { remoteId: row.remoteId }),
    ...(row.credential !== undefined && { credential: row.credential }),
  };
}

/** Records what became of one given-up remote. */
export const settled = internalMutation({
  args: {
    remote: v.id("remotes"),
    found: v.union(
      v.object({ kind: v.literal("deleting"), remoteId: v.string() }),
      v.object({ kind: v.literal("absent") }), // a 404
      v.object({ kind: v.literal("unknown") }),
    ),
    ms: v.number(), // that the calls took
  },
  returns: v.null(),
  handler: async (ctx, { remote, found, ms }) => {
    const now = Date.now();
    const row = await ctx.db.get("remotes", remote);
    if (!row || (row.state !== "deleting" && row.state !== "unsettled")) {
      return null;
    }
    await tell(ctx, row, found.kind, ms);
    const later = {
      attempts: row.attempts + 1,
      nextAt: now + backoff(row.attempts + 1),
    };
    switch (found.kind) {
      case "deleting":
        await ctx.db.patch("remotes", remote, {
          ...later,
          state: "deleting",
          remoteId: found.remoteId,
        });
        await again(ctx, remote, later);
        return null;
      case "absent": {
        // A create that was never answered may land in the name that is free now.
        if (now >= (row.settleBy ?? 0)) {
          await ctx.db.patch("remotes", remote, { state: "gone", since: now });
          await keepPlace(ctx, { ...row, state: "gone" });
          await log(ctx, {
            slot: { _id: row.slotId, generation: row.generation },
            what: { kind: "remote", change: "gone" },
          });
          return null;
        }
        await ctx.db.patch("remotes", remote, {
          ...later,
          state: "unsettled",
          remoteId: undefined,
        });
        await again(ctx, remote, later);
        return null;
      }
      case "unknown":
        await ctx.db.patch("remotes", remote, later);
        await again(ctx, remote, later);
        return null;
    }
  },
});

/** Logs a deletion once when it is taken, and the tries that nobody answered. */
async function tell(
  ctx: MutationCtx,
  row: Doc<"remotes">,
  found: "deleting" | "absent" | "unknown",
  ms: number,
): Promise<void> {
  const taken =
    found === "deleting" && (row.attempts === 0 || row.state === "unsettled");
  const silent = found === "unknown" && isTold(row.attempts);
  if (!taken && !silent) return;
  await log(ctx, {
    slot: { _id: row.slotId, generation: row.generation },
    what: {
      kind: "call",
      call: "delete",
      outcome: taken ? "deleting" : "no answer",
      ok: taken,
      ms,
      attempt: row.attempts,
    },
  });
}

/** Quick tries of its own, before the minute's cron takes over. */
const QUICK_TRIES = 6;

async function again(
  ctx: MutationCtx,
  remote: Id<"remotes">,
  later: { attempts: number; nextAt: number },
): Promise<void> {
  if (later.attempts > QUICK_TRIES) return;
  await ctx.scheduler.runAt(later.nextAt, internal.node.sweeper.settleOne, {
    remote,
  });
}

/** Matches a full listing against the records; answers what is condemned for good. */
export const match = internalMutation({
  args: {
    listed: v.array(
      v.object({
        remoteId: v.string(),
        name: v.string(),
        slotId: v.union(v.null(), v.string()),
        generation: v.union(v.null(), v.number()),
        started: v.boolean(),
      }),
    ),
  },
  returns: v.object({ condemned: v.array(v.string()), strays: v.array(stray) }),
  handler: async (ctx, { listed }) => {
    const now = Date.now();
    const unwanted: Listed[] = [];
    const strays: Infer<typeof stray>[] = [];
    for (const sandbox of listed) {
      if (!(await isWanted(ctx, sandbox))) unwanted.push(sandbox);
      else if (sandbox.started) strays.push(...(await strayOf(ctx, sandbox)));
    }
    strays.push(...(await unlisted(ctx, listed)));
    await forgetOrphans(ctx, listed, unwanted, now);
    const condemned: string[] = [];
    for (const sandbox of unwanted) {
      const row = await strike(ctx, sandbox, now);
      if (isCondemned(row, now)) condemned.push(sandbox.remoteId);
    }
    const limit = brake(listed.length);
    const halted =
      condemned.length > limit
        ? `${condemned.length} of ${listed.length} sandboxes match no record; more than ${limit} are not deleted by themselves.`
        : undefined;
    await note(ctx, { at: now, listed: listed.length, halted });
    return {
      condemned: halted ? [] : condemned,
      strays: strays.slice(0, BATCH),
    };
  },
});

/** The sandbox's slot, if it says that the sandbox is stopped. */
async function strayOf(
  ctx: MutationCtx,
  sandbox: Listed,
): Promise<Infer<typeof stray>[]> {
  const slotId = ctx.db.normalizeId("slots", sandbox.slotId ?? "");
  const slot = slotId && (await ctx.db.get("slots", slotId));
  const isStray =
    slot?.state.status === "stopped" && slot.generation === sandbox.generation;
  if (!slot || !isStray) return [];
  const { _id, revision } = slot;
  return [{ slotId: _id, revision, remoteId: sandbox.remoteId }];
}

/** What one sweep compares with the list; the longest known are looked at first. */
const MAX_PRESENT = 2_000;

/**
 * The slots at rest whose sandbox the list does not show. Only what runs is
 * looked at otherwise, so that nobody would learn that the rest is gone.
 */
async function unlisted(
  ctx: MutationCtx,
  listed: Listed[],
): Promise<Infer<typeof stray>[]> {
  const ids = new Set(listed.map(({ remoteId }) => remoteId));
  const present = await ctx.db
    .query("remotes")
    .withIndex("by_state_and_next_at", (q) => q.eq("state", "present"))
    .take(MAX_PRESENT);
  const strays: Infer<typeof stray>[] = [];
  for (const { slotId, generation, remoteId, credential } of present) {
    if (remoteId === undefined || ids.has(remoteId)) continue;
    const slot = await requireSlot(ctx, slotId);
    if (slot.generation !== generation || !isUnwatched(slot.state)) continue;
    const { revision } = slot;
    strays.push({
      slotId,
      revision,
      remoteId,
      ...(credential && { credential }),
    });
    if (strays.length === BATCH) break;
  }
  return strays;
}

/** Takes what a look found of a sandbox that is not what its record says. */
export const strayed = internalMutation({
  args: {
    slotId: v.id("slots"),
    revision: v.number(),
    found: v.union(v.literal("started"), v.literal("gone")),
  },
  returns: v.null(),
  handler: async (ctx, { slotId, revision, found }) => {
    const slot = await requireSlot(ctx, slotId);
    if (slot.revision !== revision) return null;
    await applyEvent(ctx, slotId, {
      type: "probe",
      probe:
        found === "gone"
          ? { kind: "gone" }
          : { kind: "present", provider: "started", daemon: "unreachable" },
    });
    return null;
  },
});

/** Counts an orphan whose deletion was taken, once; its row goes when it is listed no more for a while. */
export const healed = internalMutation({
  args: { remoteId: v.string() },
  returns: v.null(),
  handler: async (ctx, { remoteId }) => {
    const row = await orphanOf(ctx, remoteId);
    if (!row || row.healed) return null;
    await ctx.db.patch("orphans", row._id, { healed: true });
    if (row.of) {
      const slot = { _id: row.of.slotId, generation: row.of.generation };
      const what = { kind: "remote", change: "orphan_deleted" } as const;
      await log(ctx, { slot, what });
    }
    const sweep = await ctx.db.query("sweeps").first();
    if (sweep) {
      await ctx.db.patch("sweeps", sweep._id, {
        orphansHealed: sweep.orphansHealed + 1,
      });
    }
    return null;
  },
});

async function isWanted(ctx: MutationCtx, sandbox: Listed): Promise<boolean> {
  const slotId = sandbox.slotId && ctx.db.normalizeId("slots", sandbox.slotId);
  if (!slotId || sandbox.generation === null) return false;
  const row = await getRemote(ctx, slotId as Id<"slots">, sandbox.generation);
  if (!row) return false;
  if (row.remoteId !== undefined && row.remoteId !== sandbox.remoteId) {
    return awaitsEndOfOther(ctx, row, sandbox.name);
  }
  // Records of a release that counted no places are brought in line here.
  await keepPlace(ctx, row);
  // What is being deleted or settled is on its way out by its own row.
  return row.state !== "gone";
}

/**
 * Of a sandbox that carries a remote's labels and is not the one recorded:
 * whether the remote's own row will see to it. Two of one name cannot live at
 * once, so a create that had no answer has landed in the name the recorded one
 * left. That one's end is still to be confirmed; then the row settles whatever
 * has the name. Any other is not ours to keep.
 */
async function awaitsEndOfOther(
  ctx: MutationCtx,
  row: Doc<"remotes">,
  name: string,
): Promise<boolean> {
  const now = Date.now();
  const landed = row.name === name && now < (row.settleBy ?? 0);
  if (!landed || row.state === "gone") return false;
  // However long the confirmation takes.
  await ctx.db.patch("remotes", row._id, { settleBy: now + UNSETTLED });
  return true;
}

async function note(
  ctx: MutationCtx,
  sweep: { at: number; listed: number; halted: string | undefined },
): Promise<void> {
  const row = await ctx.db.query("sweeps").first();
  if (row) await ctx.db.patch("sweeps", row._id, sweep);
  else await ctx.db.insert("sweeps", { ...sweep, orphansHealed: 0 });
}
