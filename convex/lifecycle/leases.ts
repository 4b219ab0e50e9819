import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { CLAIM_PATIENCE, LEASE } from "../model/timing";
import { getLease, newToken } from "./records";

/**
 * One row says who works on the slot's step. A new token is a takeover; the
 * generation changes only when a new remote may be made.
 */

/** Gives the slot's current step to a new worker after `delay` ms. Older workers are refused from here on. */
export async function grant(
  ctx: MutationCtx,
  slot: { _id: Id<"slots">; generation: number },
  options: { delay: number; attempt: number },
): Promise<void> {
  await drop(ctx, slot._id);
  const token = newToken();
  const scheduledId = await ctx.scheduler.runAfter(
    options.delay,
    internal.node.driver.run,
    { slotId: slot._id, generation: slot.generation, token },
  );
  await ctx.db.insert("leases", {
    slotId: slot._id,
    generation: slot.generation,
    token,
    attempt: options.attempt,
    scheduledId,
    claimed: false,
    expiresAt: Date.now() + options.delay + CLAIM_PATIENCE,
  });
}

/** Ends whatever lease there is. Its job finds nothing to do. */
export async function drop(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const lease = await getLease(ctx, slotId);
  if (lease) await ctx.db.delete("leases", lease._id);
}

/** The lease if (generation, token) still hold it, renewed for its worker; else null (I3). */
export async function hold(
  ctx: MutationCtx,
  fence: { slotId: Id<"slots">; generation: number; token: string },
): Promise<Doc<"leases"> | null> {
  const lease = await getLease(ctx, fence.slotId);
  if (
    !lease ||
    lease.generation !== fence.generation ||
    lease.token !== fence.token
  ) {
    return null;
  }
  await ctx.db.patch("leases", lease._id, {
    claimed: true,
    expiresAt: Date.now() + LEASE,
  });
  return lease;
}

/** Whether an overdue worker must be replaced, or its job is merely late. */
export async function isAbandoned(
  ctx: MutationCtx,
  worker: Pick<Doc<"installs">, "claimed" | "scheduledId" | "waits">,
): Promise<boolean> {
  if (worker.claimed) return true;
  if (worker.waits) return false; // it is called in
  if (!worker.scheduledId) return true;
  // A full scheduler starts jobs late; only a job that failed will never claim.
  const job = await ctx.db.system.get(
    "_scheduled_functions",
    worker.scheduledId,
  );
  return (
    !job || (job.state.kind !== "pending" && job.state.kind !== "inProgress")
  );
}
