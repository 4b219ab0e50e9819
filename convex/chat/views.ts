import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import { MAX_PARTS, PAGE_CHARS, PAGE_PARTS } from "../model/chat/limits";
import { messageState, partBody } from "../validators";

/** What pages and the HTTP API see of a conversation. */

export const sessionView = v.object({
  sessionId: v.id("sessions"),
  title: v.string(),
  skillKey: v.string(),
  skillName: v.string(),
  link: v.string(),
  sha: v.string(),
  slotId: v.id("slots"),
  createdAt: v.number(),
});

export const messageView = v.object({
  messageId: v.id("messages"),
  role: v.union(v.literal("user"), v.literal("assistant")),
  text: v.string(),
  state: messageState,
  createdAt: v.number(),
  clientId: v.optional(v.string()),
  parts: v.array(v.object({ seq: v.number(), body: partBody })),
  /** Its parts are left out: newer messages filled the answer. */
  cut: v.optional(v.boolean()),
});

export function viewSession(
  session: Doc<"sessions">,
): Infer<typeof sessionView> {
  return {
    sessionId: session._id,
    title: session.title,
    skillKey: session.skillKey,
    skillName: session.skillName,
    link: session.link,
    sha: session.sha,
    slotId: session.slotId,
    createdAt: session._creationTime,
  };
}

/**
 * Messages, newest first, with their parts, until the answer has its fill: one
 * answer may be as large as a turn may write, and there can be many. Further
 * ones are `cut`: without parts. None has only some of its own.
 */
export async function viewMessages(
  ctx: QueryCtx,
  messages: Doc<"messages">[],
): Promise<Infer<typeof messageView>[]> {
  const views: Infer<typeof messageView>[] = [];
  let room = PAGE_CHARS;
  let rows = PAGE_PARTS;
  for (const message of messages) {
    const cut = message.role === "assistant" && (room <= 0 || rows <= 0);
    const parts = cut ? [] : await partsOf(ctx, message);
    rows -= parts.length;
    room -= message.text.length;
    for (const { body } of parts) room -= lengthOf(body);
    views.push({
      messageId: message._id,
      role: message.role,
      text: message.text,
      state: message.state,
      createdAt: message._creationTime,
      ...(message.clientId !== undefined && { clientId: message.clientId }),
      parts: parts.map(({ seq, body }) => ({ seq, body })),
      ...(cut && { cut }),
    });
  }
  return views;
}

async function partsOf(
  ctx: QueryCtx,
  message: Doc<"messages">,
): Promise<Doc<"parts">[]> {
  if (message.role === "user") return [];
  return ctx.db
    .query("parts")
    .withIndex("by_message_and_seq", (q) => q.eq("messageId", message._id))
    .take(MAX_PARTS + 20); // and what ends a turn comes after the last
}

function lengthOf(body: Doc<"parts">["body"]): number {
  switch (body.kind) {
    case "text":
    case "reasoning":
      return body.text.length;
    case "tool":
      return [body.callId, body.name, body.label, body.args, body.result]
        .map((text) => text?.length ?? 0)
        .reduce((sum, length) => sum + length);
    case "error":
      return body.error.message.length;
  }
}
