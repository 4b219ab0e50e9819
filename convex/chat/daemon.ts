import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import { getBoot, requireSlot } from "../lifecycle/records";
import { hasStep, type SlotState } from "../model/slot";

/** How a worker reaches a sandbox's daemon. `key` is sealed. */
export const daemon = v.object({
  slotId: v.id("slots"),
  generation: v.number(),
  url: v.string(),
  previewToken: v.string(),
  key: v.string(),
});

/** Whether a sandbox may be given turns, once its boot is claimed. */
export function isServing({ status }: SlotState): boolean {
  return status === "running";
}

/**
 * Whether it may be told to stop what it has: also while its files are about
 * to be copied out, for that waits until nothing is at work there.
 */
export function canBeTold(state: SlotState): boolean {
  if (state.status !== "replacing") return isServing(state);
  return hasStep(state) && (state.stage === "wake" || state.stage === "keep");
}

/** The daemon of the sandbox a turn was handed to, while `can` says so; else null. */
export async function daemonOf(
  ctx: QueryCtx,
  turn: Pick<Doc<"turns">, "slotId" | "generation">,
  can = isServing,
): Promise<Infer<typeof daemon> | null> {
  const slot = await requireSlot(ctx, turn.slotId);
  const boot = await getBoot(ctx, slot);
  if (!can(slot.state) || !boot?.access) return null;
  if (turn.generation !== slot.generation) return null;
  return {
    slotId: slot._id,
    generation: slot.generation,
    url: boot.access.url,
    previewToken: boot.access.token,
    key: boot.sandboxdKey,
  };
}
