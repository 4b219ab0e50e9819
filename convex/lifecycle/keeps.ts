import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { startInstall } from "./installs";

/** What a replacement carries from one generation to the next. */

/** Skills that are brought back; the others are when a conversation needs them. */
const MAX_SKILLS = 100;

export function getKeep(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"keeps"> | null> {
  return ctx.db
    .query("keeps")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
}

/** Records what was copied out, with the skills that were listed. */
export async function recordKeep(
  ctx: MutationCtx,
  slot: { slotId: Id<"slots">; generation: number },
  kept: Pick<Doc<"keeps">, "storageId" | "digest" | "files" | "bytes">,
): Promise<void> {
  await dropKeep(ctx, slot.slotId);
  const { slotId, generation } = slot;
  const listed = await ctx.db
    .query("installedSkills")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q.eq("slotId", slotId).eq("generation", generation),
    )
    .take(MAX_SKILLS);
  const skills = listed.map(({ skillKey, sha }) => ({ skillKey, sha }));
  await ctx.db.insert("keeps", { slotId, generation, ...kept, skills });
}

/** The replacement has come through: the skills fly, verified as always, and the file goes. */
export async function bringSkills(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<void> {
  const keep = await getKeep(ctx, slot._id);
  for (const skill of keep?.skills ?? []) await startInstall(ctx, slot, skill);
  await dropKeep(ctx, slot._id);
}

/** Forgets what was kept, with its file. */
export async function dropKeep(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const keep = await getKeep(ctx, slotId);
  if (!keep) return;
  await ctx.storage.delete(keep.storageId);
  await ctx.db.delete("keeps", keep._id);
}

/** The copy of a late worker, of which nobody else knows; unless its report was taken and comes twice. */
export async function dropLate(
  ctx: MutationCtx,
  slotId: Id<"slots">,
  { storageId }: Pick<Doc<"keeps">, "storageId">,
): Promise<void> {
  if ((await getKeep(ctx, slotId))?.storageId === storageId) return;
  const file = await ctx.db.system.get("_storage", storageId);
  if (file) await ctx.storage.delete(storageId);
}
