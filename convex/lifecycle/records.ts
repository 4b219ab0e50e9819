import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";

/** Reads of the lifecycle's tables, one way each. */

export async function requireSlot(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"slots">> {
  const slot = await ctx.db.get("slots", slotId);
  if (!slot)
    throw new Error(`Slot ${slotId} is missing; slots are never deleted.`);
  return slot;
}

/** The slot that skills share; others are named by the key of their only skill. */
export const DEFAULT_SLOT = "default";

/** Slots a user may have; rows are never deleted, for their counters must not restart. */
export const MAX_SLOTS = 200;

/** The user's slot of a name, or null before its first launch. */
export function getSlotOf(
  ctx: QueryCtx,
  userId: Id<"users">,
  name = DEFAULT_SLOT,
): Promise<Doc<"slots"> | null> {
  return ctx.db
    .query("slots")
    .withIndex("by_user_and_name", (q) =>
      q.eq("userId", userId).eq("name", name),
    )
    .unique();
}

/** All slots of a user, the shared one first. */
export async function slotsOf(
  ctx: QueryCtx,
  userId: Id<"users">,
): Promise<Doc<"slots">[]> {
  const slots = await ctx.db
    .query("slots")
    .withIndex("by_user_and_name", (q) => q.eq("userId", userId))
    .take(MAX_SLOTS);
  const shared = slots.filter(({ name }) => name === DEFAULT_SLOT);
  return [...shared, ...slots.filter(({ name }) => name !== DEFAULT_SLOT)];
}

/** The newest former remote of a slot that is not known to be gone, or null. */
export async function getPrevious(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<Doc<"remotes"> | null> {
  const former = await ctx.db
    .query("remotes")
    .withIndex("by_slot_and_generation", (q) =>
      q.eq("slotId", slot._id).lt("generation", slot.generation),
    )
    .order("desc")
    .first();
  return former && former.state !== "gone" ? former : null;
}

/** The row of a generation's remote; it is written before the remote exists (I7). */
export function getRemote(
  ctx: QueryCtx,
  slotId: Id<"slots">,
  generation: number,
): Promise<Doc<"remotes"> | null> {
  return ctx.db
    .query("remotes")
    .withIndex("by_slot_and_generation", (q) =>
      q.eq("slotId", slotId).eq("generation", generation),
    )
    .unique();
}

export function getLease(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"leases"> | null> {
  return ctx.db
    .query("leases")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
}

/** The boot of the slot's current generation, or null. */
export async function getBoot(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<Doc<"boots"> | null> {
  const boot = await ctx.db
    .query("boots")
    .withIndex("by_slot", (q) => q.eq("slotId", slot._id))
    .unique();
  return boot?.generation === slot.generation ? boot : null;
}

export function getActivity(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"activity"> | null> {
  return ctx.db
    .query("activity")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
}

/** Until when some visible tab watches the slot, or null: none ever did. */
export function getWatch(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"watches"> | null> {
  return ctx.db
    .query("watches")
    .withIndex("by_slot", (q) => q.eq("slotId", slotId))
    .unique();
}

/** The launches still under way on a slot, oldest first. Admission bounds them by `MAX_ACTIVE`. */
export const MAX_ACTIVE = 100;
export function activeLaunches(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"launches">[]> {
  return ctx.db
    .query("launches")
    .withIndex("by_slot_and_active", (q) =>
      q.eq("slotId", slotId).eq("active", true),
    )
    .take(MAX_ACTIVE);
}

export function getInstalled(
  ctx: QueryCtx,
  slot: Doc<"slots">,
  skillKey: string,
  sha: string,
): Promise<Doc<"installedSkills"> | null> {
  return ctx.db
    .query("installedSkills")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q
        .eq("slotId", slot._id)
        .eq("generation", slot.generation)
        .eq("skillKey", skillKey)
        .eq("sha", sha),
    )
    .unique();
}

/** Skills listed of one generation, at most; a sandbox holds fewer. */
const MAX_INSTALLED = 500;

/** What the records list on the slot's disk. */
export function installedOn(
  ctx: QueryCtx,
  slot: Doc<"slots">,
): Promise<Doc<"installedSkills">[]> {
  return ctx.db
    .query("installedSkills")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q.eq("slotId", slot._id).eq("generation", slot.generation),
    )
    .take(MAX_INSTALLED);
}

/** The versions of one skill that are listed. */
export function versionsOf(
  ctx: QueryCtx,
  slot: Doc<"slots">,
  skillKey: string,
): Promise<Doc<"installedSkills">[]> {
  return ctx.db
    .query("installedSkills")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q
        .eq("slotId", slot._id)
        .eq("generation", slot.generation)
        .eq("skillKey", skillKey),
    )
    .take(MAX_INSTALLED);
}

/** Flights to the slot's disk. Launches are bounded (MAX_ACTIVE), and so is what flies besides. */
export function flightsOn(
  ctx: QueryCtx,
  slot: Doc<"slots">,
  most = MAX_INSTALLED,
): Promise<Doc<"installs">[]> {
  return ctx.db
    .query("installs")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q.eq("slotId", slot._id).eq("generation", slot.generation),
    )
    .take(most);
}

/** What is known of a skill at a commit, or null. */
export function skillOf(
  ctx: QueryCtx,
  { skillKey, sha }: { skillKey: string; sha: string },
): Promise<Doc<"skills"> | null> {
  return ctx.db
    .query("skills")
    .withIndex("by_key_and_sha", (q) => q.eq("key", skillKey).eq("sha", sha))
    .unique();
}

export function getFlight(
  ctx: QueryCtx,
  slot: Doc<"slots">,
  skillKey: string,
  sha: string,
): Promise<Doc<"installs"> | null> {
  return ctx.db
    .query("installs")
    .withIndex("by_slot_and_generation_and_skill_key_and_sha", (q) =>
      q
        .eq("slotId", slot._id)
        .eq("generation", slot.generation)
        .eq("skillKey", skillKey)
        .eq("sha", sha),
    )
    .unique();
}

/** This deployment's id; made at the first launch and the label of every remote. */
export async function deploymentId(ctx: MutationCtx): Promise<string> {
  const known = await ctx.db.query("deployment").first();
  if (known) return known.deploymentId;
  const made = newToken().slice(0, 12);
  await ctx.db.insert("deployment", { deploymentId: made });
  return made;
}

/** A token that fences reports. It is no secret: it only has to be new. */
export function newToken(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
