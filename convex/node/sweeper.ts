"use node";

import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { internalAction, type ActionCtx } from "../_generated/server";
import * as provider from "./daytona";

/**
 * Cron, each minute: settles the remotes that were given up, then lists this
 * deployment's sandboxes and deletes what two sweeps in a row found unwanted.
 */
export const sweep = internalAction({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const work = await ctx.runMutation(internal.lifecycle.sweeping.begin, {});
    if (!work) return null;
    for (const remote of work.settle) await settle(ctx, remote);
    const listed = await provider.list(work.deploymentId);
    const found = await ctx.runMutation(internal.lifecycle.sweeping.match, {
      listed,
    });
    for (const remoteId of found.condemned) await heal(ctx, remoteId);
    for (const { slotId, revision, ...ref } of found.strays) {
      const now = await provider.look(ref);
      const runs = now.kind === "present" && now.provider === "started";
      if (!runs && now.kind !== "gone") continue;
      await ctx.runMutation(internal.lifecycle.sweeping.strayed, {
        ...{ slotId, revision },
        found: runs ? "started" : "gone",
      });
    }
    return null;
  },
});

/** Settles one remote right after it was given up; cron takes over what resists. */
export const settleOne = internalAction({
  args: { remote: v.id("remotes") },
  returns: v.null(),
  handler: async (ctx, args) => {
    const given = await ctx.runQuery(internal.lifecycle.sweeping.given, args);
    if (given) await settle(ctx, given);
    return null;
  },
});

async function settle(
  ctx: ActionCtx,
  given: {
    remote: Id<"remotes">;
    name: string;
    remoteId?: string;
    credential?: string;
  },
): Promise<void> {
  const began = Date.now();
  const outcome =
    given.remoteId === undefined
      ? await provider.removeByName(given.name)
      : await removeConfirmed({ ...given, remoteId: given.remoteId });
  await ctx.runMutation(internal.lifecycle.sweeping.settled, {
    remote: given.remote,
    found:
      outcome.kind === "gone"
        ? { kind: "absent" }
        : outcome.kind === "present"
          ? { kind: "deleting", remoteId: outcome.remoteId }
          : { kind: "unknown" },
    ms: Date.now() - began,
  });
}

/** A GET first: the list lags, and what is gone already needs no delete. */
async function removeConfirmed(ref: provider.Ref): Promise<provider.Outcome> {
  const found = await provider.look(ref);
  return found.kind === "present" && found.provider !== "deleting"
    ? provider.remove(ref)
    : found;
}

async function heal(ctx: ActionCtx, remoteId: string): Promise<void> {
  const outcome = await removeConfirmed({ remoteId });
  if (outcome.kind !== "present" || outcome.provider !== "deleting") return;
  await ctx.runMutation(internal.lifecycle.sweeping.healed, { remoteId });
}
