import { getUser } from "../access";
import type { Doc, Id } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import { refuse } from "../model/errors";
import { MAX_RUNNING, MAX_WAITING, MAX_WAITING_AT } from "../model/chat/limits";

/** Reads of the conversation's tables, one way each. */

/** The signed-in user's session, or null: another's, none, or no id at all. */
export async function getSession(
  ctx: QueryCtx,
  id: string,
): Promise<Doc<"sessions"> | null> {
  const user = await getUser(ctx);
  const sessionId = ctx.db.normalizeId("sessions", id);
  if (!user || !sessionId) return null;
  const session = await ctx.db.get("sessions", sessionId);
  return session?.userId === user._id ? session : null;
}

export async function requireSession(
  ctx: QueryCtx,
  id: string,
): Promise<Doc<"sessions">> {
  const session = await getSession(ctx, id);
  if (session) return session;
  throw refuse("not_found", "There is no such conversation.");
}

export async function requireMessage(
  ctx: QueryCtx,
  messageId: Id<"messages">,
): Promise<Doc<"messages">> {
  const message = await ctx.db.get("messages", messageId);
  if (!message) throw new Error(`Message ${messageId} is missing.`);
  return message;
}

/**
 * What a turn answers: one transaction wrote it and the answer after it. A turn's
 * row is written with every event, so that it does not carry the words itself.
 */
export async function promptOf(
  ctx: QueryCtx,
  { _id, sessionId, messageId }: Doc<"turns">,
): Promise<Doc<"messages">> {
  const { _creationTime } = await requireMessage(ctx, messageId);
  const prompt = await ctx.db
    .query("messages")
    .withIndex("by_session", (q) =>
      q.eq("sessionId", sessionId).lt("_creationTime", _creationTime),
    )
    .order("desc")
    .first();
  if (prompt?.role !== "user") throw new Error(`Turn ${_id} answers nothing.`);
  return prompt;
}

/** A session's turns that have not ended, in the order they run. */
export async function activeTurns(
  ctx: QueryCtx,
  sessionId: Id<"sessions">,
): Promise<Doc<"turns">[]> {
  const inState = (state: "sending" | "running" | "queued") =>
    ctx.db
      .query("turns")
      .withIndex("by_session_and_state", (q) =>
        q.eq("sessionId", sessionId).eq("state", state),
      )
      .take(MAX_WAITING + 1);
  return [
    ...(await inState("running")),
    ...(await inState("sending")),
    ...(await inState("queued")),
  ];
}

/** A slot's turns that its sandbox has, or is being handed. */
export function turnsAt(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"turns">[]> {
  return ctx.db
    .query("turns")
    .withIndex("by_slot_and_state", (q) =>
      // By the alphabet, "sending" is the only one after "running".
      q.eq("slotId", slotId).gte("state", "running"),
    )
    .take(2 * MAX_RUNNING);
}

/** A slot's turns that wait, the oldest first. */
export function waitingTurns(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<Doc<"turns">[]> {
  return (
    ctx.db
      .query("turns")
      .withIndex("by_slot_and_state", (q) =>
        q.eq("slotId", slotId).eq("state", "queued"),
      )
      // More than may be asked for: those taken back wait again.
      .take(MAX_WAITING_AT + 2 * MAX_RUNNING)
  );
}

/** Whether the sandbox has a turn, or is being handed one. */
export async function hasTurns(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  return (await turnsAt(ctx, slotId)).length > 0;
}

/** Whether turns are on their way to the sandbox, and none is at work there. */
export async function isHandedOver(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  const turns = await turnsAt(ctx, slotId);
  return turns.length > 0 && turns.every(({ state }) => state === "sending");
}

/** Whether anybody's turn waits for the slot. */
export async function hasWaitingTurns(
  ctx: QueryCtx,
  slotId: Id<"slots">,
): Promise<boolean> {
  const turn = await ctx.db
    .query("turns")
    .withIndex("by_slot_and_state", (q) =>
      q.eq("slotId", slotId).eq("state", "queued"),
    )
    .first();
  return turn !== null;
}
