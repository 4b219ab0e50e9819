"use node";

import { v } from "convex/values";
import { z } from "zod";
import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import { remote } from "../chat/stops";
import { internalAction, type ActionCtx } from "../_generated/server";
import {
  parsePulled,
  piecesOf,
  AGENT_ERRORS,
  type TurnEvent,
} from "../model/chat/events";
import { PULL_TIMEOUT, SEND_TIMEOUT, STOP_TIMEOUT } from "../model/chat/limits";
import { newPushToken } from "../model/chat/pushToken";
import type { SendOutcome } from "../model/chat/turn";
import { diskFull, failure, toFailure } from "../model/errors";
import { aad, open, sha256Hex } from "../model/seal";
import { askDaemon, RemoteError, type DaemonAddress } from "./sandboxd";

/** The calls to a sandbox's daemon about turns: short, repeatable, reported. */

/**
 * Pulls at once. A sandbox may answer each with 8 MiB, which weighs many times
 * that once parsed, and an action has 512 MiB.
 */
const PULLS_AT_ONCE = 5;

type Daemon = {
  slotId: Id<"slots">;
  generation: number;
  url: string;
  previewToken: string;
  key: string; // sealed
};

async function addressOf(daemon: Daemon): Promise<DaemonAddress> {
  const { slotId, generation, url, previewToken, key } = daemon;
  return {
    url,
    previewToken,
    key: await open(key, aad.sandboxd(slotId, generation)),
  };
}

/** Hands a turn to its sandbox. Repeating it is harmless: the id is the same. */
export const send = internalAction({
  args: { turnId: v.id("turns"), token: v.string() },
  returns: v.null(),
  handler: async (ctx, { turnId, token }) => {
    const pushToken = newPushToken(turnId);
    const work = await ctx.runMutation(internal.chat.sending.beginSend, {
      turnId,
      token,
      pushTokenHash: await sha256Hex(pushToken),
    });
    if (!work) return null;
    const { slotId, generation } = work.daemon;
    const at = { turnId, slotId, generation };
    const began = Date.now();
    const report = (outcome: SendOutcome) =>
      ctx.runMutation(internal.chat.sending.sent, {
        ...{ ...at, token, outcome },
        ms: Date.now() - began,
      });
    let address: DaemonAddress;
    try {
      address = await addressOf(work.daemon);
    } catch (error) {
      await report({ kind: "refused", error: toFailure(error) });
      return null;
    }
    const outcome = await handOver(
      address,
      {
        turnId,
        sessionId: work.sessionId,
        text: work.text,
        skill: work.skill,
        push: { url: pushUrl(), token: pushToken },
      },
      () => ctx.runQuery(internal.chat.sending.isSending, { turnId, token }),
    );
    await report(outcome);
    return null;
  },
});

/** Where a sandbox sends its events, as it sees this deployment. */
function pushUrl(): string {
  const site =
    process.env.SLIPWAY_SANDBOX_SITE_URL || process.env.CONVEX_SITE_URL;
  if (!site) throw new Error("CONVEX_SITE_URL is not set.");
  return `${site.replace(/\/$/, "")}/sandbox/events`;
}

/** @param isSending whether the turn is still this sender's to hand over */
async function handOver(
  address: DaemonAddress,
  request: { turnId: string } & Record<string, unknown>,
  isSending: () => Promise<boolean>,
): Promise<SendOutcome> {
  try {
    await askDaemon(address, "POST", "/turns", {
      json: request,
      timeoutMs: SEND_TIMEOUT,
    });
    return { kind: "accepted" };
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    if (error.kind !== "status") return { kind: "unreachable" };
    switch (error.code) {
      case "unclaimed": // it rebooted; the lifecycle gives it a new key
      case "unauthorized":
      case "busy": // its files are being copied
        return { kind: "unreachable" };
      case "skill_not_installed":
        return { kind: "not_installed" };
      case "session_busy":
        // A call that arrives late may have met the turn that came after its own.
        if (await isSending()) {
          await stopOlder(address, request.turnId, error.body);
        }
        return { kind: "busy" };
      case "disk_full":
        return { kind: "refused", error: diskFull() };
      default:
        return { kind: "refused", error: refusalOf(error) };
    }
  }
}

function refusalOf(error: RemoteError) {
  const known = AGENT_ERRORS.find((code) => code === error.code);
  // It repeats the sandbox's words, and half a character cannot be stored.
  return failure(known ?? "internal", error.message.toWellFormed());
}

const busyWith = z.object({ turnId: z.string().regex(/^[\w-]{1,128}$/) });

/**
 * Turns of a session go one at a time: while this one is on its way another one
 * there is older, and has ended here.
 */
async function stopOlder(
  address: DaemonAddress,
  turnId: string,
  body: unknown,
): Promise<void> {
  const older = busyWith.safeParse(body);
  if (older.success && older.data.turnId !== turnId) {
    await stopThere(address, older.data.turnId);
  }
}

/** Stops turns of one sandbox where they may run. */
export const halt = internalAction({
  args: {
    ...remote,
    stops: v.array(v.object({ stopId: v.id("stops"), turnId: v.id("turns") })),
  },
  returns: v.null(),
  handler: async (ctx, { stops, ...of }) => {
    const { beginHalt, halted } = internal.chat.stopping;
    const daemon = await ctx.runMutation(beginHalt, of);
    if (!daemon) return null;
    const began = Date.now();
    const address = await addressIfOpen(daemon);
    const answers = await Promise.all(
      stops.map(async (stop) => ({
        ...stop,
        outcome: await stopThere(address, stop.turnId),
      })),
    );
    const ms = Date.now() - began;
    await ctx.runMutation(halted, { ...of, answers, ms });
    return null;
  },
});

async function stopThere(
  address: DaemonAddress | null,
  turnId: string,
): Promise<"stopping" | "unknown_turn" | "unreachable"> {
  if (!address) return "unreachable";
  try {
    await askDaemon(address, "POST", `/turns/${turnId}/stop`, {
      timeoutMs: STOP_TIMEOUT,
    });
    return "stopping";
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return error.code === "unknown_turn" ? "unknown_turn" : "unreachable";
  }
}

/**
 * Pulls what is missing of several turns, a few at a time; each reports for
 * itself, and none spoils another's: they are of sandboxes of different people.
 */
export const pull = internalAction({
  args: { turnIds: v.array(v.id("turns")) },
  returns: v.null(),
  handler: async (ctx, { turnIds }) => {
    const left = [...turnIds];
    const work = async () => {
      for (let id = left.shift(); id; id = left.shift()) await tryPull(ctx, id);
    };
    await Promise.all(Array.from({ length: PULLS_AT_ONCE }, work));
    return null;
  },
});

async function tryPull(ctx: ActionCtx, turnId: Id<"turns">): Promise<void> {
  try {
    await pullOne(ctx, turnId);
  } catch (error) {
    // The turn is pulled again, or fails by its deadline.
    console.error(`turn ${turnId} was not pulled:`, toFailure(error).message);
  }
}

async function pullOne(ctx: ActionCtx, turnId: Id<"turns">): Promise<void> {
  const work = await ctx.runMutation(internal.chat.receiving.beginPull, {
    turnId,
  });
  if (!work) return;
  const { daemon, next } = work;
  const began = Date.now();
  const report = (found: Found) =>
    ctx.runMutation(internal.chat.receiving.pulled, {
      ...{ turnId, generation: daemon.generation, found },
      ms: Date.now() - began,
    });
  const address = await addressIfOpen(daemon);
  const found: Found = address
    ? await look(address, turnId, next)
    : { kind: "unreachable" };
  if (found.kind !== "events") {
    await report(found);
    return;
  }
  let from = next;
  const pieces = piecesOf(found.events);
  for (const [index, events] of pieces.entries()) {
    const ended = found.ended && index === pieces.length - 1;
    await report({ kind: "events", from, events, ended });
    from += events.length;
  }
}

/** Null where the key cannot be opened: then nobody can ask this sandbox. */
async function addressIfOpen(daemon: Daemon): Promise<DaemonAddress | null> {
  try {
    return await addressOf(daemon);
  } catch (error) {
    const about = toFailure(error);
    if (about.code !== "secret_unreadable") throw error;
    console.error(`slot ${daemon.slotId}: ${about.message}`);
    return null;
  }
}

type Found =
  | { kind: "events"; from: number; events: TurnEvent[]; ended: boolean }
  | { kind: "unknown_turn" }
  | { kind: "unreachable" };

async function look(
  address: DaemonAddress,
  turnId: string,
  from: number,
): Promise<Found> {
  try {
    const path = `/turns/${turnId}?from=${from}`;
    const timeoutMs = PULL_TIMEOUT;
    const body = await askDaemon(address, "GET", path, { timeoutMs });
    const answer = parsePulled(from, body);
    return answer
      ? { kind: "events", from, ...answer }
      : { kind: "unreachable" }; // whoever answers so is no daemon of ours
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return error.code === "unknown_turn"
      ? { kind: "unknown_turn" }
      : { kind: "unreachable" };
  }
}
