import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { applyEvents, type Row } from "../model/chat/apply";
import { outOfTime, progressed } from "../model/chat/deadline";
import type { TurnEvent } from "../model/chat/events";
import { endTurn, insertPart } from "./finish";

export type Taken =
  | { kind: "taken"; next: number }
  | { kind: "gap"; next: number }
  | { kind: "over" };

/**
 * Takes a batch of a turn's events, each exactly once and in order. `gap`: the
 * batch begins beyond what was taken, or the turn waits to be handed over again
 * and nothing is taken of it yet; `over`: it has ended, or does now because its
 * time is up and nothing here ends it.
 */
export async function takeEvents(
  ctx: MutationCtx,
  turn: Doc<"turns">,
  from: number,
  events: TurnEvent[],
): Promise<Taken> {
  if (turn.state === "ended") return { kind: "over" };
  if (turn.state === "queued") return { kind: "gap", next: turn.cursor.next };
  const now = Date.now();
  const ending = outOfTime(turn, now);
  // An end that was said in time may be heard late, as after a pause of ours.
  if (ending && !events.some(({ kind }) => kind === "end")) {
    await endTurn(ctx, turn, ending);
    return { kind: "over" };
  }
  if (from > turn.cursor.next) return { kind: "gap", next: turn.cursor.next };
  const known = { tail: await tailOf(ctx, turn), tools: [] as Row[] };
  const existing = new Map<number, Doc<"parts">>();
  if (known.tail) existing.set(known.tail.seq, known.tail);
  for (const callId of callIdsOf(events, turn.cursor.next)) {
    const row = await ctx.db
      .query("parts")
      .withIndex("by_message_and_call_id", (q) =>
        q.eq("messageId", turn.messageId).eq("body.callId", callId),
      )
      .first();
    if (!row) continue;
    existing.set(row.seq, row);
    known.tools.push(row);
  }
  const { cursor, rows, end } = applyEvents(turn.cursor, known, events, {
    since: turn._creationTime,
    now,
  });
  if (cursor.next === turn.cursor.next) {
    return { kind: "taken", next: cursor.next };
  }
  for (const row of rows) {
    const old = existing.get(row.seq);
    if (old) await ctx.db.patch("parts", old._id, { body: row.body });
    else await insertPart(ctx, turn, { seq: row.seq, body: row.body });
  }
  const progress = {
    cursor,
    state: "running" as const, // an event proves that it was handed over
    ...progressed(turn, now),
  };
  await ctx.db.patch("turns", turn._id, progress);
  if (turn.state === "sending") {
    await ctx.db.patch("messages", turn.messageId, { state: "running" });
  }
  if (end) {
    const state = end === "complete" ? "done" : end;
    await endTurn(ctx, { ...turn, ...progress }, { state }, "over");
  }
  return { kind: "taken", next: cursor.next };
}

function tailOf(
  ctx: MutationCtx,
  turn: Doc<"turns">,
): Promise<Doc<"parts"> | null> {
  return ctx.db
    .query("parts")
    .withIndex("by_message_and_seq", (q) => q.eq("messageId", turn.messageId))
    .order("desc")
    .first();
}

/** The calls a batch's new events name; a batch is bounded, so these are. */
function callIdsOf(events: TurnEvent[], next: number): Set<string> {
  const ids = new Set<string>();
  for (const event of events) {
    if (event.kind === "tool" && event.n >= next) ids.add(event.callId);
  }
  return ids;
}
