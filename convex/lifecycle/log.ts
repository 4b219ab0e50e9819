import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { PERSONAL_TOKEN } from "../access";
import { bounded } from "../model/log";
import type { LogActor, LogWhat } from "../model/logEntry";
import { requireSlot } from "./records";

/**
 * The log of a sandbox: what happened to it and to its launches, who caused it,
 * how long it took. Rows are inserted by the transaction that decided what they
 * tell, so an entry is as true as the record; none is ever changed.
 */

export type LogEntry = {
  /** Anything that names the slot as it is after the change. */
  slot: Pick<Doc<"slots">, "_id" | "generation">;
  launchId?: Id<"launches">;
  what: LogWhat;
};

/** Writes one entry. Who caused it is whoever runs the mutation. */
export async function log(
  ctx: MutationCtx,
  { slot, launchId, what }: LogEntry,
): Promise<void> {
  await ctx.db.insert("events", {
    slotId: slot._id,
    generation: slot.generation,
    ...(launchId && { launchId }),
    by: await actorOf(ctx),
    what: bounded(what),
  });
}

/** Writes what became of a launch. */
export async function logLaunch(
  ctx: MutationCtx,
  launch: Doc<"launches">,
  about: Omit<LaunchEntry, "kind" | "skillKey" | "sha">,
): Promise<void> {
  const { skillKey, sha } = launch;
  await log(ctx, {
    slot: await requireSlot(ctx, launch.slotId),
    launchId: launch._id,
    what: { kind: "launch", skillKey, sha, ...about },
  });
}

/**
 * Writes that a launch was asked for, or joined. Who joins is not limited, so
 * that is told of the first alone: a loop must not fill a log kept for weeks.
 */
export async function logRequest(
  ctx: MutationCtx,
  launch: Doc<"launches">,
  { joins }: { joins: boolean },
): Promise<void> {
  if (joins && launch.joined) return;
  const change = joins ? "joined" : "requested";
  await logLaunch(ctx, launch, { change, path: launch.path });
  if (joins) await ctx.db.patch("launches", launch._id, { joined: true });
}

type LaunchEntry = Extract<LogWhat, { kind: "launch" }>;

async function actorOf(ctx: MutationCtx): Promise<LogActor> {
  const identity = await ctx.auth.getUserIdentity();
  if (!identity) return { kind: "slipway" };
  return identity.issuer === PERSONAL_TOKEN
    ? { kind: "token", name: identity.name ?? "" }
    : { kind: "browser" };
}
