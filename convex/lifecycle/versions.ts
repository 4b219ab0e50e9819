import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { countRepair, retired } from "../model/repairs";
import { startInstall, startUninstall } from "./installs";
import { log } from "./log";
import { flightsOn, getBoot, installedOn, requireSlot } from "./records";

/** What becomes of skills on a disk after they were installed: the lost come back, the old go. */

/**
 * Takes off the list what a sandbox has just told us that it lacks (I4), and
 * puts it back if a conversation is about it. A sandbox that keeps losing what
 * it was given is believed a few times: see MAX_REPAIRS.
 */
export async function withdrawMissing(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  missing: Id<"installedSkills">[],
  ms: number, // that the look took
): Promise<void> {
  const lost: Doc<"installedSkills">[] = [];
  for (const id of missing) {
    // A row that was listed again since has another id, and is not meant.
    const row = await ctx.db.get("installedSkills", id);
    if (!row || row.slotId !== slot._id) continue;
    if (row.generation === slot.generation) lost.push(row);
  }
  if (lost.length === 0) return;
  const boot = await getBoot(ctx, slot);
  if (!boot) return;
  const { repairs, allowed } = countRepair(boot.repairs, Date.now());
  await ctx.db.patch("boots", boot._id, { repairs });
  for (const row of lost) {
    const { skillKey } = row;
    await ctx.db.delete("installedSkills", row._id);
    await log(ctx, {
      slot,
      what: {
        kind: "call",
        call: "probe",
        outcome: "lost a skill",
        ok: false,
        ms,
        skillKey,
      },
    });
    if (allowed && (await isUsed(ctx, row))) await startInstall(ctx, slot, row);
  }
}

/**
 * Versions taken off one disk at a time. Each is a request to its daemon, which
 * people wait for too, and nobody waits for these.
 */
const RETIRED_AT_ONCE = 10;

/**
 * Removes versions of skills that no conversation of the sandbox is about,
 * where a newer one is there: some at a time, and the end of the last of them
 * asks for the next. Call it when a conversation or an install has ended;
 * asking twice is harmless.
 */
export async function retireVersions(
  ctx: MutationCtx,
  slotId: Id<"slots">,
): Promise<void> {
  const slot = await requireSlot(ctx, slotId);
  if (slot.state.status !== "running") return;
  const flights = await flightsOn(ctx, slot);
  if (flights.some(({ removes }) => removes)) return;
  const listed = await installedOn(ctx, slot);
  let flying = 0;
  for (const skillKey of new Set(listed.map((row) => row.skillKey))) {
    const rows = listed.filter((row) => row.skillKey === skillKey);
    if (rows.length < 2) continue;
    const versions = await Promise.all(
      rows.map(async (row) => ({
        row,
        knownSince: row.knownSince ?? 0,
        used: await isUsed(ctx, row),
      })),
    );
    const staying = new Set(rows);
    for (const { row } of retired(versions)) {
      if (flying === RETIRED_AT_ONCE) return;
      staying.delete(row);
      if (await startUninstall(ctx, slot, row, staying)) flying += 1;
    }
  }
}

/** Whether a conversation of the sandbox is about exactly this. */
async function isUsed(
  ctx: MutationCtx,
  { slotId, skillKey, sha }: Doc<"installedSkills">,
): Promise<boolean> {
  const session = await ctx.db
    .query("sessions")
    .withIndex("by_slot_and_skill_key_and_sha", (q) =>
      q.eq("slotId", slotId).eq("skillKey", skillKey).eq("sha", sha),
    )
    .first();
  return session !== null;
}
