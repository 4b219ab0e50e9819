import { v } from "convex/values";
import { internal } from "../_generated/api";
import type { Doc, Id } from "../_generated/dataModel";
import { internalMutation, type MutationCtx } from "../_generated/server";
import { BERTHS } from "../model/berths";
import { failure, type Failure } from "../model/errors";
import { errorOf } from "../model/log";
import {
  backoff,
  CLAIM_PATIENCE,
  LEASE,
  QUEUE_DEADLINE,
} from "../model/timing";
import { failTurnsFor } from "../turns";
import { failureValidator } from "../validators";
import { board, giveUp, leave, lineUp } from "./berths";
import { isAbandoned } from "./leases";
import { log } from "./log";
import { confirmActivity } from "./activity";
import { startProbe, waitsForStop } from "./probes";
import {
  activeLaunches,
  flightsOn,
  getBoot,
  getFlight,
  getRemote,
  newToken,
  requireSlot,
  skillOf,
  versionsOf,
} from "./records";
import { endLaunch, reconcile } from "./reconcile";
import { applyEvent } from "./slots";
import { retireVersions } from "./versions";

/**
 * One flight per (slot, generation, skill, commit); different skills fly in
 * parallel. A flight puts a skill on the disk or takes one off it.
 */

const MAX_TRIES = 6;

/** Flights of one slot that launches and messages ask for: more would only stand in line, and stay there when nobody waits any more. */
const MAX_FLIGHTS = 5;

/** Whether another skill may fly for who waits: the report of each flight brings on the next. */
export async function mayFly(
  ctx: MutationCtx,
  slot: Doc<"slots">,
): Promise<boolean> {
  return (await flightsOn(ctx, slot, MAX_FLIGHTS)).length < MAX_FLIGHTS;
}

/** Joins the flight for a skill, or starts it. */
export async function startInstall(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  skill: { skillKey: string; sha: string },
): Promise<void> {
  const flight = await getFlight(ctx, slot, skill.skillKey, skill.sha);
  if (flight && !flight.removes) return;
  if (await waitsForStop(ctx, slot._id)) return;
  // A removal that is on its way names an older install than this one will be.
  if (flight) await ctx.db.delete("installs", flight._id);
  const { skillKey, sha } = skill;
  await fly(ctx, slot, { skillKey, sha }, 0);
}

/**
 * Takes a skill off the list and then off the disk (I4). What cannot be removed
 * stays there unlisted, which nobody relies on. `others`: what stays listed, as
 * this transaction has it. True if a flight is on its way for it.
 */
export async function startUninstall(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  listed: Doc<"installedSkills">,
  others: Iterable<Doc<"installedSkills">>,
): Promise<boolean> {
  await ctx.db.delete("installedSkills", listed._id);
  const { skillKey, sha, digest, installId } = listed;
  // Another commit may have the same content, in the same folder.
  const shared = [...others].some(
    (row) => row.skillKey === skillKey && row.digest === digest,
  );
  if (shared || installId === undefined) return false;
  if (await getFlight(ctx, slot, skillKey, sha)) return false;
  await fly(ctx, slot, { skillKey, sha, removes: { digest, installId } }, 0);
  return true;
}

type Errand = Pick<Doc<"installs">, "skillKey" | "sha" | "removes">;

async function fly(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  { skillKey, sha, removes }: Errand,
  attempt: number,
): Promise<void> {
  const token = newToken();
  const delay = attempt === 0 ? 0 : backoff(attempt);
  const share = BERTHS.installs.user;
  // Another try comes after its wait, and stands in line then if it must.
  const job =
    attempt > 0 || (await flightsOn(ctx, slot, share)).length < share
      ? await ctx.scheduler.runAfter(delay, internal.node.install.run, {
          ...{ slotId: slot._id, token },
        })
      : null;
  await ctx.db.insert("installs", {
    slotId: slot._id,
    generation: slot.generation,
    skillKey,
    sha,
    ...(removes && { removes }),
    token,
    // A replacement brings a hundred at once: no job for what would find no berth.
    ...(job ? { scheduledId: job } : await wait(ctx, slot)),
    claimed: false,
    attempt,
    expiresAt: Date.now() + (job ? delay + CLAIM_PATIENCE : QUEUE_DEADLINE),
  });
}

async function wait(ctx: MutationCtx, slot: Doc<"slots">) {
  return { waits: await lineUp(ctx, "installs", slot) };
}

const fence = { slotId: v.id("slots"), token: v.string() };

/** Hands the flight its work, or null when it has been replaced or is no longer wanted. */
export const begin = internalMutation({
  args: fence,
  returns: v.union(
    v.null(),
    v.object({
      generation: v.number(),
      remoteId: v.string(),
      url: v.string(),
      previewToken: v.string(),
      sandboxdKey: v.string(),
      skillKey: v.string(),
      digest: v.string(),
      installId: v.string(),
      archive: v.union(
        v.null(), // it is to be removed
        v.object({ sha: v.string(), storageId: v.id("_storage") }),
      ),
    }),
  ),
  handler: async (ctx, args) => {
    const held = await heldFlight(ctx, args);
    const boot = held && (await getBoot(ctx, held.slot));
    const content = held && (await contentOf(ctx, held.flight));
    const remote = boot && (await getRemote(ctx, args.slotId, boot.generation));
    if (!boot?.access || !content || remote?.remoteId === undefined) {
      await giveUp(ctx, args);
      return null;
    }
    const { flight, slot } = held;
    if (flight.waits) return null; // it is called in
    if (!(await board(ctx, "installs", flight, slot))) {
      await ctx.db.patch("installs", flight._id, {
        ...(await wait(ctx, slot)),
        expiresAt: Date.now() + QUEUE_DEADLINE,
      });
      return null;
    }
    await ctx.db.patch("installs", flight._id, {
      claimed: true,
      expiresAt: Date.now() + LEASE,
    });
    return {
      generation: slot.generation,
      remoteId: remote.remoteId,
      url: boot.access.url,
      previewToken: boot.access.token,
      sandboxdKey: boot.sandboxdKey,
      skillKey: flight.skillKey,
      ...content,
    };
  },
});

/** What a flight carries: an archive, or the name of the install it undoes. */
async function contentOf(ctx: MutationCtx, flight: Doc<"installs">) {
  if (flight.removes) return { ...flight.removes, archive: null };
  const skill = await skillOf(ctx, flight);
  if (!skill) return null;
  const { digest, sha, storageId } = skill;
  return { digest, installId: flight.token, archive: { sha, storageId } };
}

/** Takes the flight's report; a skill is listed only by a confirmed digest (I4). */
export const report = internalMutation({
  args: {
    ...fence,
    ms: v.number(), // that the request took
    outcome: v.union(
      v.object({
        kind: v.literal("installed"),
        digest: v.string(),
        path: v.string(),
      }),
      v.object({ kind: v.literal("removed") }),
      v.object({ kind: v.literal("unclaimed") }),
      v.object({ kind: v.literal("refused"), error: failureValidator }),
      v.object({ kind: v.literal("unknown"), error: failureValidator }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { outcome, ms, ...args }) => {
    await leave(ctx, args);
    const held = await heldFlight(ctx, args);
    if (!held) return null;
    const { flight, slot } = held;
    await ctx.db.delete("installs", flight._id);
    await log(ctx, {
      slot,
      what: {
        kind: "call",
        call: flight.removes ? "uninstall" : "install",
        outcome: outcome.kind,
        ok: outcome.kind === "installed" || outcome.kind === "removed",
        ms,
        attempt: flight.attempt,
        skillKey: flight.skillKey,
        ...("error" in outcome && { error: errorOf(outcome.error) }),
      },
    });
    switch (outcome.kind) {
      case "installed":
        await addInstalledSkill(ctx, slot, flight, outcome);
        await confirmActivity(ctx, slot._id, ms);
        await retireVersions(ctx, slot._id);
        break;
      case "removed":
        await confirmActivity(ctx, slot._id, ms);
        await retireVersions(ctx, slot._id); // the rest, after the last of a batch
        break;
      case "unclaimed":
        await applyEvent(ctx, slot._id, {
          type: "probe",
          probe: { kind: "present", provider: "started", daemon: "unclaimed" },
        });
        break;
      case "refused":
        await failFlight(ctx, flight, outcome.error);
        break;
      case "unknown":
        await retryOrFail(ctx, slot, flight, outcome.error);
        break;
    }
    await reconcile(ctx, slot._id);
    return null;
  },
});

/** Replaces a flight whose worker is silent; called by expiry, which reconciles. */
export async function expireInstall(
  ctx: MutationCtx,
  flight: Doc<"installs">,
): Promise<void> {
  if (!flight.waits && !(await isAbandoned(ctx, flight))) {
    const expiresAt = Date.now() + CLAIM_PATIENCE;
    await ctx.db.patch("installs", flight._id, { expiresAt });
    return;
  }
  const slot = await requireSlot(ctx, flight.slotId);
  await ctx.db.delete("installs", flight._id);
  if (slot.generation !== flight.generation) return;
  if (flight.waits) {
    const message = "Other installs were before this one for 30 minutes.";
    await failFlight(ctx, flight, failure("install_failed", message));
  } else if (slot.state.status === "running") {
    await log(ctx, { slot, what: { kind: "takeover", of: "install" } });
    await retryOrFail(
      ctx,
      slot,
      flight,
      failure("install_failed", "The install did not end in time."),
    );
  }
}

/** Idempotent: an install that two reports confirm is listed once. */
async function addInstalledSkill(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  flight: Doc<"installs">,
  disk: { digest: string; path: string },
): Promise<void> {
  const skill = await skillOf(ctx, flight);
  if (flight.removes || skill?.digest !== disk.digest) return;
  const installId = flight.token;
  const { skillKey, sha } = flight;
  let listed = false;
  for (const row of await versionsOf(ctx, slot, skillKey)) {
    // Another commit with the same content is in the same folder, which this install has just put there.
    if (row.digest !== disk.digest) continue;
    await ctx.db.patch("installedSkills", row._id, { installId });
    listed ||= row.sha === sha;
  }
  if (listed) return;
  await ctx.db.insert("installedSkills", {
    slotId: slot._id,
    generation: slot.generation,
    skillKey,
    sha,
    name: skill.name,
    link: skill.link,
    digest: disk.digest,
    path: disk.path,
    // For retireVersions: the skill itself may be half a megabyte to read.
    knownSince: skill._creationTime,
    installId,
  });
}

async function retryOrFail(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  flight: Doc<"installs">,
  error: Failure,
): Promise<void> {
  if (await waitsForStop(ctx, slot._id)) return;
  if (flight.attempt + 1 >= MAX_TRIES) {
    await failFlight(ctx, flight, error);
    return;
  }
  await fly(ctx, slot, flight, flight.attempt + 1);
  await startProbe(ctx, slot._id, { asksDaemon: true });
}

async function failFlight(
  ctx: MutationCtx,
  flight: Doc<"installs">,
  error: Failure,
): Promise<void> {
  // Nobody waits for it but what is to go after it.
  if (flight.removes) return retireVersions(ctx, flight.slotId);
  for (const launch of await activeLaunches(ctx, flight.slotId)) {
    if (launch.skillKey !== flight.skillKey || launch.sha !== flight.sha) {
      continue;
    }
    await endLaunch(ctx, launch, { state: "failed", at: Date.now(), error });
  }
  await failTurnsFor(ctx, await requireSlot(ctx, flight.slotId), flight, error);
}

async function heldFlight(
  ctx: MutationCtx,
  args: { slotId: Id<"slots">; token: string },
) {
  const flight = await ctx.db
    .query("installs")
    .withIndex("by_token", (q) => q.eq("token", args.token))
    .unique();
  if (!flight || flight.slotId !== args.slotId) return null;
  const slot = await requireSlot(ctx, flight.slotId);
  if (slot.generation !== flight.generation) return null;
  if (slot.state.status !== "running") return null;
  return { flight, slot };
}
