import {
  paginationOptsValidator,
  paginationResultValidator,
} from "convex/server";
import { v } from "convex/values";
import { getUser, requireUser } from "./access";
import type { Doc, Id } from "./_generated/dataModel";
import type { MutationCtx } from "./_generated/server";
import { userMutation, userQuery } from "./functions";
import { dispatchTurns } from "./chat/dispatch";
import { enqueueTurn } from "./chat/enqueue";
import {
  activeTurns,
  getSession,
  requireSession,
  waitingTurns,
} from "./chat/records";
import { removeSession } from "./chat/removing";
import { stopTurn } from "./chat/stopping";
import {
  messageView,
  sessionView,
  viewMessages,
  viewSession,
} from "./chat/views";
import { clip } from "./model/chat/events";
import {
  MAX_MESSAGE,
  MAX_PARTS,
  MAX_WAITING,
  MAX_WAITING_AT,
} from "./model/chat/limits";
import { refuse } from "./model/errors";
import { limitMessage } from "./limits";

const LISTED = 50;
const MAX_PAGE = 100;
const TITLE = 80;

/** The user's newest conversations, newest first. */
export const list = userQuery({
  scope: "read",
  args: {},
  returns: v.array(sessionView),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    if (!user) return [];
    const sessions = await ctx.db
      .query("sessions")
      .withIndex("by_user", (q) => q.eq("userId", user._id))
      .order("desc")
      .take(LISTED);
    return sessions.map(viewSession);
  },
});

/** All the user's conversations, newest first, at most 100 a page. */
export const history = userQuery({
  scope: "read",
  args: { paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(sessionView),
  handler: async (ctx, { paginationOpts }) => {
    const user = await getUser(ctx);
    if (!user) return { page: [], isDone: true, continueCursor: "" };
    const result = await ctx.db
      .query("sessions")
      .withIndex("by_user", (q) => q.eq("userId", user._id))
      .order("desc")
      .paginate({
        ...paginationOpts,
        numItems: Math.min(paginationOpts.numItems, MAX_PAGE),
      });
    return { ...result, page: result.page.map(viewSession) };
  },
});

/** One conversation of the user; null where it is another's or none. */
export const get = userQuery({
  scope: "read",
  args: { sessionId: v.string() },
  returns: v.union(sessionView, v.null()),
  handler: async (ctx, { sessionId }) => {
    const session = await getSession(ctx, sessionId);
    return session && viewSession(session);
  },
});

/** A conversation's messages with their parts, newest first, at most 100 a page. */
export const messages = userQuery({
  scope: "read",
  args: { sessionId: v.string(), paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(messageView),
  handler: async (ctx, { sessionId, paginationOpts }) => {
    const session = await getSession(ctx, sessionId);
    if (!session) return { page: [], isDone: true, continueCursor: "" };
    const result = await ctx.db
      .query("messages")
      .withIndex("by_session", (q) => q.eq("sessionId", session._id))
      .order("desc")
      .paginate({
        ...paginationOpts,
        numItems: Math.min(paginationOpts.numItems, MAX_PAGE),
      });
    return { ...result, page: await viewMessages(ctx, result.page) };
  },
});

/**
 * Sends a message of 1 to 32,000 characters and queues the agent's answer. The
 * same `clientId` again answers the message it made. What prevents an answer is
 * a part of the answer; the user's message is kept. Throws `not_found`,
 * `bad_request`, `message_too_long`, `rate_limited`.
 */
export const send = userMutation({
  scope: "launch",
  args: { sessionId: v.string(), text: v.string(), clientId: v.string() },
  returns: v.object({ messageId: v.id("messages") }),
  handler: async (ctx, { sessionId, text, clientId }) => {
    const user = await requireUser(ctx);
    const session = await requireSession(ctx, sessionId);
    if (clientId.length === 0 || clientId.length > 200) {
      throw refuse("bad_request", "clientId must have 1 to 200 characters.");
    }
    const before = await ctx.db
      .query("messages")
      .withIndex("by_session_and_client_id", (q) =>
        q.eq("sessionId", session._id).eq("clientId", clientId),
      )
      .unique();
    if (before) return { messageId: before._id };
    requireWords(text);
    await requireRoom(ctx, session);
    await limitMessage(ctx, user._id);
    const messageId = await ctx.db.insert("messages", {
      sessionId: session._id,
      role: "user",
      text,
      state: "done",
      clientId,
    });
    const answerId = await ctx.db.insert("messages", {
      sessionId: session._id,
      role: "assistant",
      text: "",
      state: "queued",
    });
    await nameByFirstWords(ctx, session, text);
    await enqueueTurn(ctx, session, answerId);
    return { messageId };
  },
});

function requireWords(text: string): void {
  if (text.trim() === "") {
    throw refuse("bad_request", "A message must not be empty.");
  }
  if (text.length > MAX_MESSAGE) {
    throw refuse(
      "message_too_long",
      `A message may have ${MAX_MESSAGE.toLocaleString("en")} characters; this one has ${text.length.toLocaleString("en")}.`,
    );
  }
}

async function requireRoom(
  ctx: MutationCtx,
  session: Doc<"sessions">,
): Promise<void> {
  const active = await activeTurns(ctx, session._id);
  if (active.length > MAX_WAITING) {
    throw refuse(
      "rate_limited",
      `${active.length} messages of this conversation are still unanswered.`,
    );
  }
  const waiting = await waitingTurns(ctx, session.slotId);
  if (waiting.length >= MAX_WAITING_AT) {
    throw refuse(
      "rate_limited",
      `${waiting.length} messages are still waiting for this sandbox.`,
    );
  }
}

/** A conversation is called by its skill until its first message names it. */
async function nameByFirstWords(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  text: string,
): Promise<void> {
  if (session.title !== session.skillName) return;
  const title = clip(text.trim().replace(/\s+/g, " "), TITLE);
  await ctx.db.patch("sessions", session._id, { title });
}

/** Stops what the agent is doing in a conversation, and what waits in it. */
export const stop = userMutation({
  scope: "launch",
  args: { sessionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { sessionId }) => {
    await requireUser(ctx);
    const session = await requireSession(ctx, sessionId);
    for (const turn of await activeTurns(ctx, session._id)) {
      await stopTurn(ctx, turn);
    }
    await dispatchTurns(ctx, session.slotId);
    return null;
  },
});

/**
 * Deletes a conversation with all that was said in it; what runs in it is
 * stopped. Files it left in its sandbox stay there. Throws `not_found`.
 */
export const remove = userMutation({
  scope: "control",
  args: { sessionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { sessionId }) => {
    await requireUser(ctx);
    await removeSession(ctx, await requireSession(ctx, sessionId));
    return null;
  },
});

/**
 * Runs the turn of a failed or stopped answer again, in its place. While it is
 * queued or running this does nothing. Throws `not_found`, `bad_request`,
 * `rate_limited`.
 */
export const retry = userMutation({
  scope: "launch",
  args: { messageId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const user = await requireUser(ctx);
    const { message, session } = await requireAnswer(ctx, args.messageId);
    if (message.state === "queued" || message.state === "running") return null;
    const turn = await ctx.db
      .query("turns")
      .withIndex("by_message", (q) => q.eq("messageId", message._id))
      .order("desc")
      .first();
    if (message.state === "done" || !turn) {
      throw refuse("bad_request", "Only an answer that failed is retried.");
    }
    await requireRoom(ctx, session);
    await limitMessage(ctx, user._id);
    await clearParts(ctx, message._id);
    await ctx.db.patch("messages", message._id, { state: "queued" });
    await enqueueTurn(ctx, session, message._id);
    return null;
  },
});

async function requireAnswer(ctx: MutationCtx, id: string) {
  const messageId = ctx.db.normalizeId("messages", id);
  const message = messageId && (await ctx.db.get("messages", messageId));
  if (!message) throw refuse("not_found", "There is no such message.");
  const session = await requireSession(ctx, message.sessionId);
  return { message, session };
}

async function clearParts(
  ctx: MutationCtx,
  messageId: Id<"messages">,
): Promise<void> {
  const parts = await ctx.db
    .query("parts")
    .withIndex("by_message_and_seq", (q) => q.eq("messageId", messageId))
    .take(MAX_PARTS + 20);
  for (const part of parts) await ctx.db.delete("parts", part._id);
}
