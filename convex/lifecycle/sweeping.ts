import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { isUnwatched } from "../model/slot";
import {
  brake,
  isCondemned,
  MATCHED_AT_ONCE,
  type Listed,
} from "../model/sweep";
import { UNSETTLED } from "../model/timing";
import { log } from "./log";
import { forgetOrphans, orphanOf, strike } from "./orphans";
import { getRemote, requireSlot } from "./records";
import { givenUp, workOf } from "./settling";
import { applyEvent } from "./slots";

/**
 * The sweeper's decisions. It lists the provider first, and what matches no
 * record is matched again inside the transaction that condemns, so that a
 * record written meanwhile protects its remote.
 */

/** Deletes and looks in one sweep; the next minute takes more. */
const BATCH = 20;

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

const listing = v.object({
  remoteId: v.string(),
  name: v.string(),
  slotId: v.union(v.null(), v.string()),
  generation: v.union(v.null(), v.number()),
  started: v.boolean(),
});

/**
 * Matches a part of a listing against the records. `credential`: of the account
 * that lists them, and so knows them.
 */
export const match = internalMutation({
  args: { listed: v.array(listing), credential: v.string() },
  returns: v.object({
    unwanted: v.array(listing),
    strays: v.array(stray),
  }),
  handler: async (ctx, { listed, credential }) => {
    const unwanted: Listed[] = [];
    const strays: Infer<typeof stray>[] = [];
    for (const sandbox of listed) {
      if (!(await isWanted(ctx, sandbox, credential))) unwanted.push(sandbox);
      else if (sandbox.started) strays.push(...(await strayOf(ctx, sandbox)));
    }
    return { unwanted, strays: strays.slice(0, BATCH) };
  },
});

/**
 * Takes a whole listing, by its ids, and what of it matched no record; answers
 * what is condemned for good, and what is recorded and not listed.
 */
export const judge = internalMutation({
  args: {
    ids: v.array(v.array(v.string())), // in parts: an array has 8,192 at most
    unwanted: v.array(listing),
  },
  returns: v.object({ condemned: v.array(v.string()), strays: v.array(stray) }),
  handler: async (ctx, { ids, unwanted }) => {
    const now = Date.now();
    const still: Listed[] = [];
    // More than these are the operator's to judge anyway.
    for (const sandbox of unwanted.slice(0, MATCHED_AT_ONCE)) {
      if (!(await isWanted(ctx, sandbox))) still.push(sandbox);
    }
    const listed = new Set(ids.flat());
    const { strays, presentFrom } = await unlisted(ctx, listed);
    await forgetOrphans(ctx, listed, still, now);
    const condemned: string[] = [];
    for (const sandbox of still) {
      const row = await strike(ctx, sandbox, now);
      if (isCondemned(row, now)) condemned.push(sandbox.remoteId);
    }
    const limit = brake(listed.size);
    const halted =
      condemned.length > limit
        ? `${condemned.length} of ${listed.size} sandboxes match no record; more than ${limit} are not deleted by themselves.`
        : undefined;
    await note(ctx, { at: now, listed: listed.size, halted, presentFrom });
    return { condemned: halted ? [] : condemned, strays };
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

/** What one sweep compares with the list; the next one goes on from there. */
const MAX_PRESENT = 2_000;

/**
 * The slots at rest whose sandbox the list does not show. Only what runs is
 * looked at otherwise, so that nobody would learn that the rest is gone.
 */
async function unlisted(
  ctx: MutationCtx,
  ids: ReadonlySet<string>,
): Promise<{ strays: Infer<typeof stray>[]; presentFrom: number }> {
  const sweep = await ctx.db.query("sweeps").first();
  const present = await ctx.db
    .query("remotes")
    .withIndex("by_state_and_next_at", (q) =>
      q.eq("state", "present").gte("nextAt", sweep?.presentFrom ?? 0),
    )
    .take(MAX_PRESENT);
  let presentFrom =
    present.length < MAX_PRESENT ? 0 : (present.at(-1)?.nextAt ?? 0);
  const strays: Infer<typeof stray>[] = [];
  for (const { slotId, generation, remoteId, credential, nextAt } of present) {
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
    if (strays.length < BATCH) continue;
    presentFrom = nextAt;
    break;
  }
  return { strays, presentFrom };
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

async function isWanted(
  ctx: MutationCtx,
  sandbox: Listed,
  credential?: string,
): Promise<boolean> {
  const slotId = sandbox.slotId && ctx.db.normalizeId("slots", sandbox.slotId);
  if (!slotId || sandbox.generation === null) return false;
  const row = await getRemote(ctx, slotId as Id<"slots">, sandbox.generation);
  if (!row) return false;
  if (row.remoteId !== undefined && row.remoteId !== sandbox.remoteId) {
    return awaitsEndOfOther(ctx, row, sandbox.name);
  }
  // Only an account that knew it is believed that it is gone: after a change of
  // key that is the new one.
  if (credential !== undefined && row.credential !== credential) {
    await ctx.db.patch("remotes", row._id, { credential });
  }
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
  sweep: Omit<Doc<"sweeps">, "_id" | "_creationTime" | "orphansHealed">,
): Promise<void> {
  const row = await ctx.db.query("sweeps").first();
  if (row) await ctx.db.patch("sweeps", row._id, sweep);
  else await ctx.db.insert("sweeps", { ...sweep, orphansHealed: 0 });
}
