import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { internal } from "../_generated/api";
import { activeTurns } from "../chat/records";
import { MAX_PARTS } from "../model/chat/limits";
import type { Retention } from "../model/retention";
import { LOCAL_HOST, repositoryKey } from "../model/skills/key";
import { requireSlot } from "./records";
import { isDiskLost } from "./remotes";
import { retireVersions } from "./versions";

/**
 * One batch of each kind that retention removes. Each looks at the oldest rows
 * past a place, decides about each in this transaction, and says where to go on.
 */

type Batch = (
  ctx: MutationCtx,
  /** `after`: where the batch before came to; 0 at first. */
  at: { before: number; after: number },
) => Promise<{
  removed: number;
  /** The next `after`, or null when there are no more. */
  next: number | null;
}>;

/** Rows of one batch, where each is one small document. */
const MANY = 200;
/** Where each row costs a few reads. */
const SOME = 25;
/** Where a row may be nearly as large as a record can be: a job reads 16 MiB at most. */
const FEW = 10;

function goOn<Row>(rows: Row[], size: number, at: (row: Row) => number) {
  const last = rows.at(-1);
  return last && rows.length === size ? at(last) : null;
}

const made = (row: { _creationTime: number }) => row._creationTime;

const events: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("events")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(MANY);
  for (const { _id } of rows) await ctx.db.delete("events", _id);
  return { removed: rows.length, next: goOn(rows, MANY, made) };
};

const launches: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("launches")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(MANY);
  const ended = rows.filter(({ active }) => !active);
  for (const { _id } of ended) await ctx.db.delete("launches", _id);
  return { removed: ended.length, next: goOn(rows, MANY, made) };
};

/** Keeps the row of a slot's present generation, from which pages read. */
const remotes: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("remotes")
    .withIndex("by_state_and_next_at", (q) =>
      q.eq("state", "gone").gt("nextAt", after).lt("nextAt", before),
    )
    .take(SOME);
  let removed = 0;
  for (const row of rows) {
    const slot = await requireSlot(ctx, row.slotId);
    if (row.generation === slot.generation || row.since >= before) continue;
    await ctx.db.delete("remotes", row._id);
    removed += 1;
  }
  return { removed, next: goOn(rows, SOME, ({ nextAt }) => nextAt) };
};

/** The conversation goes at once; what it consists of follows in jobs of its own. */
const sessions: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("sessions")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(SOME);
  let removed = 0;
  const left = new Set<Id<"slots">>();
  for (const session of rows) {
    if (!(await isAtRest(ctx, session._id, before))) continue;
    await ctx.db.delete("sessions", session._id);
    await ctx.scheduler.runAfter(0, internal.lifecycle.retention.empty, {
      sessionId: session._id,
    });
    left.add(session.slotId);
    removed += 1;
  }
  // Once for each: it reads all that the slot's disk has.
  for (const slotId of left) await retireVersions(ctx, slotId);
  return { removed, next: goOn(rows, SOME, made) };
};

async function isAtRest(
  ctx: MutationCtx,
  sessionId: Id<"sessions">,
  before: number,
): Promise<boolean> {
  const message = await ctx.db
    .query("messages")
    .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
    .order("desc")
    .first();
  if (message && message._creationTime >= before) return false;
  if ((await activeTurns(ctx, sessionId)).length > 0) return false;
  const launch = await ctx.db
    .query("launches")
    .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
    .order("desc")
    .first();
  return !launch?.active;
}

/** Messages of one batch: with all their parts they stay well within a transaction. */
const MESSAGES = 5;

/** Removes some of what a conversation that is gone consisted of; false when nothing is left. */
export async function emptySession(
  ctx: MutationCtx,
  sessionId: Id<"sessions">,
): Promise<boolean> {
  const turns = await ctx.db
    .query("turns")
    .withIndex("by_session_and_state", (q) => q.eq("sessionId", sessionId))
    .take(MANY);
  for (const { _id } of turns) await ctx.db.delete("turns", _id);
  const ofIt = await ctx.db
    .query("launches")
    .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
    .take(MANY);
  for (const { _id } of ofIt) await ctx.db.delete("launches", _id);
  const messages = await ctx.db
    .query("messages")
    .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
    .take(MESSAGES);
  for (const { _id } of messages) {
    const parts = await ctx.db
      .query("parts")
      .withIndex("by_message_and_seq", (q) => q.eq("messageId", _id))
      .take(MAX_PARTS + 20);
    for (const part of parts) await ctx.db.delete("parts", part._id);
    await ctx.db.delete("messages", _id);
  }
  return turns.length === MANY || messages.length === MESSAGES;
}

const skills: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("skills")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(FEW);
  let removed = 0;
  for (const skill of rows) {
    if (await isNeeded(ctx, skill, before)) continue;
    await ctx.storage.delete(skill.storageId);
    await ctx.db.delete("skills", skill._id);
    removed += 1;
  }
  return { removed, next: goOn(rows, FEW, made) };
};

/** A launch and a flight have a conversation, a disk may lose what is listed, a replacement brings it back. */
async function isNeeded(
  ctx: MutationCtx,
  skill: Doc<"skills">,
  before: number,
): Promise<boolean> {
  const { key, sha } = skill;
  const session = await ctx.db
    .query("sessions")
    .withIndex("by_skill_key_and_sha", (q) =>
      q.eq("skillKey", key).eq("sha", sha),
    )
    .first();
  if (session) return true;
  const listed = await ctx.db
    .query("installedSkills")
    .withIndex("by_skill_key_and_sha", (q) =>
      q.eq("skillKey", key).eq("sha", sha),
    )
    .first();
  if (listed) return true;
  for await (const keep of ctx.db.query("keeps")) {
    const kept = keep.skills.some(
      (one) => one.skillKey === key && one.sha === sha,
    );
    if (kept) return true;
  }
  // Its page may be open: a launch from there would find nothing.
  return isShown(ctx, repositoryKey(skill), sha, before);
}

/** Whether pages still answer with this commit: it was the newest when last looked at. */
async function isShown(
  ctx: MutationCtx,
  repository: string,
  sha: string,
  before: number,
): Promise<boolean> {
  const resolution = await ctx.db
    .query("resolutions")
    .withIndex("by_repository", (q) => q.eq("repository", repository))
    .unique();
  if (resolution?.head.kind !== "found" || resolution.head.sha !== sha) {
    return false;
  }
  return isKept(resolution, before);
}

/** The skills of this machine are on the first page whether or not anybody looks. */
function isKept(resolution: Doc<"resolutions">, before: number): boolean {
  const local = resolution.repository.startsWith(`${LOCAL_HOST}/`);
  return local || resolution.checkedAt >= before;
}

const resolutions: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("resolutions")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(MANY);
  const old = rows.filter((row) => !isKept(row, before));
  for (const { _id } of old) await ctx.db.delete("resolutions", _id);
  return { removed: old.length, next: goOn(rows, MANY, made) };
};

const listings: Batch = async (ctx, { before, after }) => {
  const rows = await ctx.db
    .query("listings")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before),
    )
    .take(FEW);
  let removed = 0;
  for (const { _id, repository, sha } of rows) {
    if (await isShown(ctx, repository, sha, before)) continue;
    await ctx.db.delete("listings", _id);
    removed += 1;
  }
  return { removed, next: goOn(rows, FEW, made) };
};

/** Answers to keyed requests have an end of their own. */
const answers: Batch = async (ctx) => {
  const rows = await ctx.db
    .query("idempotency")
    .withIndex("by_expires_at", (q) => q.lte("expiresAt", Date.now()))
    .take(MANY);
  for (const { _id } of rows) await ctx.db.delete("idempotency", _id);
  return { removed: rows.length, next: goOn(rows, MANY, () => 0) };
};

/** Tickets nobody came with, where nobody has made another since. */
const tickets: Batch = async (ctx) => {
  const rows = await ctx.db
    .query("tickets")
    .withIndex("by_expires_at", (q) => q.lt("expiresAt", Date.now()))
    .take(MANY);
  for (const { _id } of rows) await ctx.db.delete("tickets", _id);
  return { removed: rows.length, next: goOn(rows, MANY, () => 0) };
};

const DAY = 24 * 60 * 60 * 1_000;

/** Files whose worker died between storing and recording them: nobody else knows of them. */
const files: Batch = async (ctx, { after }) => {
  const rows = await ctx.db.system
    .query("_storage")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", Date.now() - DAY),
    )
    .take(SOME);
  let removed = 0;
  for (const { _id } of rows) {
    if (await isRecorded(ctx, _id)) continue;
    await ctx.storage.delete(_id);
    removed += 1;
  }
  return { removed, next: goOn(rows, SOME, made) };
};

async function isRecorded(
  ctx: MutationCtx,
  storageId: Id<"_storage">,
): Promise<boolean> {
  const skill = await ctx.db
    .query("skills")
    .withIndex("by_storage_id", (q) => q.eq("storageId", storageId))
    .first();
  if (skill) return true;
  const keep = await ctx.db
    .query("keeps")
    .withIndex("by_storage_id", (q) => q.eq("storageId", storageId))
    .first();
  return keep !== null;
}

/** Listed on disks that are gone: what is more than goes at once with its disk (forgetDisk). */
const installed: Batch = async (ctx, { after }) => {
  const rows = await ctx.db
    .query("installedSkills")
    .withIndex("by_creation_time", (q) => q.gt("_creationTime", after))
    .take(MANY);
  const slots = new Map<Id<"slots">, Doc<"slots">>();
  let removed = 0;
  for (const { _id, slotId, generation } of rows) {
    const slot = slots.get(slotId) ?? (await requireSlot(ctx, slotId));
    slots.set(slotId, slot);
    if (generation === slot.generation && !isDiskLost(slot.state)) continue;
    await ctx.db.delete("installedSkills", _id);
    removed += 1;
  }
  return { removed, next: goOn(rows, MANY, made) };
};

/** What is removed, and which of the times it is kept for (model/retention). */
export const REMOVALS: Record<
  string,
  { batch: Batch; kept: keyof Retention | null }
> = {
  sessions: { batch: sessions, kept: "sessions" },
  launches: { batch: launches, kept: "launches" },
  events: { batch: events, kept: "events" },
  remotes: { batch: remotes, kept: "remotes" },
  skills: { batch: skills, kept: "skills" },
  listings: { batch: listings, kept: "lookups" },
  resolutions: { batch: resolutions, kept: "lookups" },
  answers: { batch: answers, kept: null }, // until an end of their own
  tickets: { batch: tickets, kept: null },
  files: { batch: files, kept: null },
  installed: { batch: installed, kept: null },
};
