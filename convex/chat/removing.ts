import { internal } from "../_generated/api";
import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { abandonIfUnwanted } from "../lifecycle";
import { endLaunch } from "../lifecycle/reconcile";
import { retireVersions } from "../lifecycle/versions";
import { STOP_GRACE } from "../model/chat/limits";
import { endTurn } from "./finish";
import { dispatchTurns } from "./dispatch";
import { activeTurns } from "./records";

/**
 * Ends a conversation for good. What runs or waits in it is stopped and it is
 * gone at once; what was said follows in jobs of its own, as when its age ends it.
 * The versions of skills that nobody uses any more leave the sandbox.
 */
export async function removeSession(
  ctx: MutationCtx,
  session: Doc<"sessions">,
): Promise<void> {
  const { _id: sessionId, slotId } = session;
  for (const turn of await activeTurns(ctx, sessionId)) {
    await endTurn(ctx, turn, { state: "stopped" });
  }
  const launch = await ctx.db
    .query("launches")
    .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
    .order("desc")
    .first();
  if (launch?.active) {
    const reason = "You deleted its conversation.";
    await endLaunch(ctx, launch, {
      state: "cancelled",
      at: Date.now(),
      reason,
    });
  }
  await ctx.db.delete("sessions", sessionId);
  // Its sandbox speaks of it until it is told, and is to be known meanwhile.
  await ctx.scheduler.runAfter(STOP_GRACE, internal.lifecycle.retention.empty, {
    sessionId,
  });
  await abandonIfUnwanted(ctx, slotId);
  await retireVersions(ctx, slotId);
  await dispatchTurns(ctx, slotId);
}
