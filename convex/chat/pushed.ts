import { internal } from "../_generated/api";
import type { ActionCtx } from "../_generated/server";
import { parsePush, piecesOf } from "../model/chat/events";
import {
  MAX_PUSH_BYTES,
  PUSH_AT_ONCE,
  PUSH_PATIENCE,
} from "../model/chat/limits";
import { turnOfPushToken } from "../model/chat/pushToken";
import { sha256Hex } from "../model/seal";
import { within, type Patience } from "../model/within";
import { bearerOf, json, readText } from "./body";

/**
 * Takes a batch of a turn's events from its sandbox. 200 {next}: taken up to
 * there; 409 {next}: send from there; 410: stop; 408 and 429: too slow, and too
 * many that are slow, send it again; other 4xx: not a batch of ours.
 */
export async function receivePush(
  ctx: ActionCtx,
  request: Request,
): Promise<Response> {
  const token = bearerOf(request);
  const of = token && turnOfPushToken(token);
  if (!of) return json(401, { code: "unauthorized" });
  const tokenHash = await sha256Hex(token);
  // Before the body is read: it may be large, and anyone can send one.
  const standing = await ctx.runQuery(internal.chat.receiving.pushStanding, {
    turnId: of,
    tokenHash,
  });
  if (standing === "stranger") return json(401, { code: "unauthorized" });
  if (standing === "over") {
    // It may work on there: a hand-over can arrive after its turn was stopped.
    await ctx.runMutation(internal.chat.stopping.disown, { turnId: of });
    return json(410, { code: "over" });
  }
  const text = await readBody(ctx, request, of);
  if (typeof text !== "string") return text;
  const batch = parsePush(parse(text));
  if (!batch) return json(400, { code: "bad_request" });
  let { from } = batch;
  for (const events of piecesOf(batch.events)) {
    const taken = await ctx.runMutation(internal.chat.receiving.push, {
      turnId: batch.turnId,
      tokenHash,
      from,
      events,
    });
    switch (taken.kind) {
      case "stranger":
        return json(401, { code: "unauthorized" });
      case "over":
        return json(410, { code: "over" });
      case "gap":
        return json(409, { next: taken.next });
      case "taken":
        from += events.length;
        if (from >= batch.from + batch.events.length) {
          return json(200, { next: taken.next });
        }
    }
  }
  return json(200, { next: from });
}

/**
 * A body that is there at once costs nothing more; one that is not holds this
 * action, and is waited for in one of the places that its sandbox has for all
 * it may hold. Whoever sends many slowly keeps nobody else's from being read.
 */
async function readBody(
  ctx: ActionCtx,
  request: Request,
  turnId: string,
): Promise<string | Response> {
  const wait = { refused: false };
  const patience: Patience = async (reading) => {
    const soon = await within(PUSH_AT_ONCE, reading);
    if (soon !== null) return soon;
    const { placeForPush } = internal.chat.receiving;
    const requestId = await ctx.runMutation(placeForPush, { turnId });
    wait.refused = requestId === null;
    if (requestId === null) return null;
    try {
      return await within(PUSH_PATIENCE, reading);
    } finally {
      await ctx.runMutation(internal.gateway.release, { requestId });
    }
  };
  const text = await readText(request, MAX_PUSH_BYTES, patience);
  if (typeof text === "string") return text;
  if (wait.refused) return json(429, { code: "busy" }, { "retry-after": "1" });
  return json(text.status, { code: text.code });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no batch
  }
}
