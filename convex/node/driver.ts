"use node";

import { v } from "convex/values";
import { internal } from "../_generated/api";
import { internalAction, type ActionCtx } from "../_generated/server";
import type { Id } from "../_generated/dataModel";
import { aad, randomToken, seal, sha256Hex } from "../model/seal";
import * as provider from "./daytona";

type Fence = { slotId: Id<"slots">; generation: number; token: string };

/** One step of a slot's lifecycle: claim it, make one remote call, report. */
export const run = internalAction({
  args: { slotId: v.id("slots"), generation: v.number(), token: v.string() },
  returns: v.null(),
  handler: async (ctx, fence) => {
    const work = await ctx.runMutation(internal.lifecycle.driver.begin, fence);
    if (!work) return null;
    const outcome =
      work.step === "create"
        ? await provider.create(work)
        : work.step === "claim"
          ? await claim(ctx, fence, work.remoteId)
          : await calls[work.step](work.remoteId);
    if (!outcome) return null;
    await ctx.runMutation(internal.lifecycle.driver.report, {
      ...fence,
      outcome,
    });
    return null;
  },
});

const calls = {
  look: provider.look,
  start: provider.start,
  stop: provider.stop,
  delete: provider.remove,
} as const;

/** New keys for every boot: sealed and stored before the sandbox learns them. */
async function claim(ctx: ActionCtx, fence: Fence, remoteId: string) {
  const { slotId, generation } = fence;
  const sandboxdKey = randomToken();
  const gatewayToken = randomToken();
  const held = await ctx.runMutation(internal.lifecycle.driver.storeKeys, {
    ...fence,
    sandboxdKey: await seal(sandboxdKey, aad.sandboxd(slotId, generation)),
    gatewayToken: await seal(gatewayToken, aad.gateway(slotId, generation)),
    gatewayTokenHash: await sha256Hex(gatewayToken),
  });
  if (!held) return null;
  return provider.claim(remoteId, { key: sandboxdKey, generation });
}
