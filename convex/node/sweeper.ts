"use node";

import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { internalAction, type ActionCtx } from "../_generated/server";
import { MATCHED_AT_ONCE, type Listed } from "../model/sweep";
import * as provider from "./daytona";
import { list } from "./listing";

/** Sandboxes looked at in one sweep because the list and the records differ; the next minute takes more. */
const LOOKS = 20;

/** A sandbox that is not what its record says, as far as the list shows. */
type Stray = {
  slotId: Id<"slots">;
  revision: number;
  remoteId: string;
  credential?: string;
};

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
    const { listed, credential } = await list(work.deploymentId);
    const { match, judge } = internal.lifecycle.sweeping;
    const unwanted: Listed[] = [];
    const strays: Stray[] = [];
    const ids: string[][] = [];
    for (let at = 0; at < listed.length; at += MATCHED_AT_ONCE) {
      const part = listed.slice(at, at + MATCHED_AT_ONCE);
      ids.push(part.map(({ remoteId }) => remoteId));
      const found = await ctx.runMutation(match, { listed: part, credential });
      unwanted.push(...found.unwanted);
      strays.push(...found.strays);
    }
    const verdict = await ctx.runMutation(judge, { ids, unwanted });
    strays.push(...verdict.strays);
    for (const remoteId of verdict.condemned) await heal(ctx, remoteId);
    for (const { slotId, revision, ...ref } of strays.slice(0, LOOKS)) {
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
    const given = await ctx.runQuery(internal.lifecycle.settling.given, args);
    if (given) await settle(ctx, given);
    return null;
  },
});

async function settle(
  ctx: ActionCtx,
  given: {
    remote: Id<"remotes">;
    attempts: number;
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
  await ctx.runMutation(internal.lifecycle.settling.settled, {
    remote: given.remote,
    attempts: given.attempts,
    found:
      outcome.kind === "gone"
        ? { kind: "absent" }
        : outcome.kind === "present"
          ? {
              kind: "deleting",
              remoteId: outcome.remoteId,
              credential: outcome.credential,
            }
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
