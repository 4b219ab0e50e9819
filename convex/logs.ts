import {
  paginationOptsValidator,
  paginationResultValidator,
} from "convex/server";
import { v, type Infer } from "convex/values";
import { getUser } from "./access";
import type { Doc } from "./_generated/dataModel";
import type { QueryCtx } from "./_generated/server";
import { userQuery } from "./functions";
import { logActor, logWhat, type LogCall } from "./model/logEntry";
import { isDetail, tell } from "./model/logWords";

/** What happened to a sandbox and to a launch, for their owner and for support. */

const logView = v.object({
  eventId: v.id("events"),
  at: v.number(),
  generation: v.number(),
  launchId: v.union(v.id("launches"), v.null()),
  by: logActor,
  summary: v.string(), // the entry as a line for people
  detail: v.boolean(), // how it was done, rather than what happened
  what: logWhat,
});

const MAX_PAGE = 100;

/** Entries read for one launch; one that goes well has about twenty. */
const MAX_OF_LAUNCH = 300;

/** The transaction that ends a launch writes its last entries a little after the time it notes, in ms. */
const LAST_WORDS = 1_000;

/** The log of a sandbox, newest first, at most 100 a page; empty for one that is not the user's. */
export const ofSandbox = userQuery({
  scope: "read",
  args: { slotId: v.string(), paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(logView),
  handler: async (ctx, { paginationOpts, ...args }) => {
    const user = await getUser(ctx);
    const slotId = ctx.db.normalizeId("slots", args.slotId);
    const slot = slotId && (await ctx.db.get("slots", slotId));
    if (!user || slot?.userId !== user._id) {
      return { page: [], isDone: true, continueCursor: "" };
    }
    const result = await ctx.db
      .query("events")
      .withIndex("by_slot", (q) => q.eq("slotId", slot._id))
      .order("desc")
      .paginate({
        ...paginationOpts,
        numItems: Math.min(paginationOpts.numItems, MAX_PAGE),
      });
    return { ...result, page: result.page.map(view) };
  },
});

/**
 * What happened while a launch was under way, oldest first: its own entries and
 * what was done to its sandbox for it. Null for a launch that is not the user's.
 */
export const ofLaunch = userQuery({
  scope: "read",
  args: { launchId: v.string() },
  returns: v.union(v.array(logView), v.null()),
  handler: async (ctx, args) => {
    const user = await getUser(ctx);
    const launchId = ctx.db.normalizeId("launches", args.launchId);
    const launch = launchId && (await ctx.db.get("launches", launchId));
    if (!user || launch?.userId !== user._id) return null;
    const events = await during(ctx, launch);
    return events.filter((event) => isOf(event, launch)).map(view);
  },
});

function during(ctx: QueryCtx, launch: Doc<"launches">) {
  const from = launch._creationTime;
  const ended = "at" in launch.state ? launch.state.at + LAST_WORDS : null;
  return ctx.db
    .query("events")
    .withIndex("by_slot", (q) => {
      const since = q.eq("slotId", launch.slotId).gte("_creationTime", from);
      // Once it has ended, what happens to its sandbox later is none of its own.
      return ended === null ? since : since.lte("_creationTime", ended);
    })
    .take(MAX_OF_LAUNCH);
}

const OF_MESSAGES = new Set<LogCall>(["send", "pull", "halt"]);

/** Another launch may be under way in the same sandbox at the same time. */
function isOf({ launchId, what }: Doc<"events">, launch: Doc<"launches">) {
  if (launchId) return launchId === launch._id;
  // A launch is over before anything is said in its conversation.
  if (what.kind === "call" && OF_MESSAGES.has(what.call)) return false;
  const skillKey = "skillKey" in what ? what.skillKey : undefined;
  return skillKey === undefined || skillKey === launch.skillKey;
}

function view(event: Doc<"events">): Infer<typeof logView> {
  return {
    eventId: event._id,
    at: event._creationTime,
    generation: event.generation,
    launchId: event.launchId ?? null,
    by: event.by,
    summary: tell(event.what),
    detail: isDetail(event.what),
    what: event.what,
  };
}
