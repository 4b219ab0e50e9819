"use node";

import { ConvexError, v } from "convex/values";
import { internal } from "../_generated/api";
import { internalAction, type ActionCtx } from "../_generated/server";
import type { Id } from "../_generated/dataModel";
import { toFailure } from "../model/errors";
import { aad, randomToken, seal, sha256Hex } from "../model/seal";
import * as provider from "./daytona";
import { keepDisk, restoreDisk, type DiskAccess, type Kept } from "./keep";

type Fence = { slotId: Id<"slots">; generation: number; token: string };

/** One step of a slot's lifecycle: claim it, make one remote call, report. */
export const run = internalAction({
  args: { slotId: v.id("slots"), generation: v.number(), token: v.string() },
  returns: v.null(),
  handler: async (ctx, fence) => {
    const work = await ctx.runMutation(internal.lifecycle.driver.begin, fence);
    if (!work) return null;
    const began = Date.now();
    const outcome =
      work.step === "create"
        ? await create(work)
        : work.step === "claim"
          ? await claim(ctx, fence, work)
          : work.step === "keep" || work.step === "restore"
            ? await copy(ctx, fence, work)
            : await calls[work.step](work);
    if (!outcome) return null;
    await ctx.runMutation(internal.lifecycle.driver.report, {
      ...fence,
      call: { name: work.step, ms: Date.now() - began },
      outcome,
    });
    return null;
  },
});

const calls = {
  look: provider.look,
  start: provider.start,
  recover: provider.recover,
  stop: provider.stop,
  delete: provider.remove,
} as const;

/** A sandbox whose keys could not be sealed would be of no use: seal first. */
async function create(work: Parameters<typeof provider.create>[0]) {
  const unsealable = await refusalOf(() => seal("probe", "probe"));
  return unsealable ?? provider.create(work);
}

/** New keys for every boot: sealed and stored before the sandbox learns them. */
async function claim(ctx: ActionCtx, fence: Fence, ref: provider.Ref) {
  const { slotId, generation } = fence;
  const sandboxdKey = randomToken();
  const gatewayToken = randomToken();
  const unsealable = await refusalOf(() => seal("probe", "probe"));
  if (unsealable) return unsealable;
  const held = await ctx.runMutation(internal.lifecycle.driver.storeKeys, {
    ...fence,
    sandboxdKey: await seal(sandboxdKey, aad.sandboxd(slotId, generation)),
    gatewayToken: await seal(gatewayToken, aad.gateway(slotId, generation)),
    gatewayTokenHash: await sha256Hex(gatewayToken),
  });
  if (!held) return null;
  return provider.claim(ref, { key: sandboxdKey, generation });
}

/** A replacement's copy, out or in; it takes minutes and says so while it does. */
async function copy(
  ctx: ActionCtx,
  fence: Fence,
  work: Disk & ({ step: "keep" } | ({ step: "restore" } & Archive)),
) {
  const { slotId, generation } = fence;
  const { url, previewToken, sandboxdKey } = work;
  const access = { slotId, generation, url, previewToken, sandboxdKey };
  const onProgress = async () => {
    if (await ctx.runMutation(internal.lifecycle.driver.renew, fence)) return;
    throw new Error("Another worker has taken this step, or its berth.");
  };
  return work.step === "keep"
    ? keepDisk(ctx, access, onProgress)
    : restoreDisk(ctx, access, work, onProgress);
}

type Disk = Pick<DiskAccess, "url" | "previewToken" | "sandboxdKey">;
type Archive = Pick<Kept, "storageId" | "digest">;

/** Our own coded failure as an outcome; null if the call succeeds. Anything else is a bug and thrown. */
async function refusalOf(call: () => Promise<unknown>) {
  try {
    await call();
    return null;
  } catch (error) {
    if (!(error instanceof ConvexError)) throw error;
    return { kind: "refused" as const, error: toFailure(error) };
  }
}
