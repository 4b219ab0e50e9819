import type { Id } from "./_generated/dataModel";
import type { MutationCtx } from "./_generated/server";
import { requireSlot } from "./lifecycle/records";
import { acquireCreateLock } from "./lifecycle/slots";
import { startProbe } from "./lifecycle/probes";
import { reconcile } from "./lifecycle/reconcile";

export { confirmActivity } from "./lifecycle/activity";
export { acted } from "./lifecycle/use";
export { abandonIfUnwanted } from "./lifecycle/reconcile";

/** What the rest of the functions may ask of the lifecycle. */

/**
 * Asks that the slot be running. A stopped one is woken; one is created only for
 * a launch that waits.
 */
export async function wantRunning(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const { state } = await requireSlot(ctx, slotId);
  if (state.status === "stopped") await acquireCreateLock(ctx, slotId);
  else await reconcile(ctx, slotId);
}

/** A request to the sandbox found nobody: look at it soon. */
export async function suspect(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  await startProbe(ctx, slotId, { asksDaemon: true });
}
