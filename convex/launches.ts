import {
  paginationOptsValidator,
  paginationResultValidator,
} from "convex/server";
import { v } from "convex/values";
import { getUser, requireUser } from "./access";
import type { Doc, Id } from "./_generated/dataModel";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { userMutation, userQuery } from "./functions";
import { acted, suspect, wantRunning } from "./lifecycle";
import { launchView, viewLaunch } from "./lifecycle/launchViews";
import { log, logRequest } from "./lifecycle/log";
import { advanceSteps, pathOf } from "./model/launch";
import { refuse } from "./model/errors";
import { QUEUE_DEADLINE } from "./model/timing";
import { limitLaunch, mayKeep } from "./limits";
import {
  activeLaunches,
  DEFAULT_SLOT,
  getSlotOf,
  MAX_ACTIVE,
  MAX_SLOTS,
  slotsOf,
} from "./lifecycle/records";
import {
  abandonIfUnwanted,
  endLaunch,
  situationOf,
} from "./lifecycle/reconcile";

const RECENT = 30;
const MAX_PAGE = 100;
const ROUTE = "launches.request";
const DAY = 24 * 60 * 60 * 1_000;

/**
 * Asks for a skill at a commit to be made ready, and records the consent to run
 * it. Requests for the same skill and commit under way are joined; the same
 * `clientId` always answers the same launch. With `own` it gets a sandbox that
 * no other skill shares; that is so by itself for a skill that asks for secrets.
 * Throws `skill_not_loaded`, `too_many_launches`, `too_many_sandboxes`,
 * `replace_halted`, `rate_limited`, `not_signed_in`.
 */
export const request = userMutation({
  scope: "launch",
  joins: ({ joined }) => joined,
  args: {
    skillKey: v.string(),
    sha: v.string(),
    clientId: v.string(),
    own: v.optional(v.boolean()),
  },
  returns: v.object({
    launchId: v.id("launches"),
    sessionId: v.id("sessions"),
    joined: v.boolean(),
  }),
  handler: async (ctx, { skillKey, sha, clientId, own }) => {
    const user = await requireUser(ctx);
    if (clientId.length === 0 || clientId.length > 200) {
      throw refuse("bad_request", "clientId must have 1 to 200 characters.");
    }
    const before = await replay(ctx, user._id, clientId);
    if (before) return before;
    const skill = await ctx.db
      .query("skills")
      .withIndex("by_key_and_sha", (q) => q.eq("key", skillKey).eq("sha", sha))
      .unique();
    if (!skill) {
      throw refuse(
        "skill_not_loaded",
        "This commit of the skill is not known yet.",
      );
    }
    const alone = own ?? (skill.secrets ?? []).length > 0;
    const name = alone ? skill.key : DEFAULT_SLOT;
    const slot =
      (await getSlotOf(ctx, user._id, name)) ??
      (await makeSlot(ctx, user._id, name));
    if (slot.state.status === "replacing" && slot.state.error) {
      throw refuse(
        "replace_halted",
        "The replacement of this sandbox came to a halt.",
      );
    }
    await recordConsent(ctx, slot, skillKey, sha);
    await acted(ctx, slot._id);
    const active = await activeLaunches(ctx, slot._id);
    const same = active.find(
      (launch) => launch.skillKey === skillKey && launch.sha === sha,
    );
    if (!same && active.length >= MAX_ACTIVE) {
      throw refuse("too_many_launches", "Too many launches are under way.");
    }
    if (!same) await limitLaunch(ctx, user._id, skillKey);
    const launch = same ?? (await insertLaunch(ctx, slot, skill));
    await logRequest(ctx, launch, { joins: same !== undefined });
    const answer = {
      launchId: launch._id,
      sessionId: launch.sessionId,
      joined: same !== undefined,
    };
    // Each is a row for a day, and joining takes no other limit.
    if (!same || (await mayKeep(ctx, user._id))) {
      await ctx.db.insert("idempotency", {
        userId: user._id,
        route: ROUTE,
        key: clientId,
        bodyHash: "",
        answer: JSON.stringify(answer),
        expiresAt: Date.now() + DAY,
      });
    }
    if (!same) {
      await wantRunning(ctx, slot._id);
      // What was believed without a look is looked at behind the visitor's back.
      if (launch.path === "instant") await suspect(ctx, slot._id);
    }
    return answer;
  },
});

async function replay(ctx: MutationCtx, userId: Id<"users">, clientId: string) {
  const row = await ctx.db
    .query("idempotency")
    .withIndex("by_user_and_route_and_key", (q) =>
      q.eq("userId", userId).eq("route", ROUTE).eq("key", clientId),
    )
    .unique();
  if (!row) return null;
  return JSON.parse(row.answer) as {
    launchId: Id<"launches">;
    sessionId: Id<"sessions">;
    joined: boolean;
  };
}

async function recordConsent(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  skillKey: string,
  sha: string,
): Promise<void> {
  const { userId } = slot;
  if (await hasConsent(ctx, userId, skillKey, sha)) return;
  await ctx.db.insert("consents", { userId, skillKey, sha });
  await log(ctx, { slot, what: { kind: "consent", skillKey, sha } });
}

async function hasConsent(
  ctx: QueryCtx,
  userId: Id<"users">,
  skillKey: string,
  sha: string,
): Promise<boolean> {
  const row = await ctx.db
    .query("consents")
    .withIndex("by_user_and_skill_key_and_sha", (q) =>
      q.eq("userId", userId).eq("skillKey", skillKey).eq("sha", sha),
    )
    .unique();
  return row !== null;
}

async function makeSlot(
  ctx: MutationCtx,
  userId: Id<"users">,
  name: string,
): Promise<Doc<"slots">> {
  if ((await slotsOf(ctx, userId)).length >= MAX_SLOTS) {
    throw refuse(
      "too_many_sandboxes",
      `You have used ${MAX_SLOTS} sandboxes of skills' own.`,
    );
  }
  const slotId = await ctx.db.insert("slots", {
    userId,
    name,
    generation: 0,
    revision: 0,
    configWrites: 0,
    strikes: 0,
    state: { status: "empty" },
  });
  const slot = await ctx.db.get("slots", slotId);
  if (!slot) throw new Error("The slot just written cannot be read.");
  return slot;
}

async function insertLaunch(
  ctx: MutationCtx,
  slot: Doc<"slots">,
  skill: Doc<"skills">,
): Promise<Doc<"launches">> {
  const now = Date.now();
  const about = {
    userId: slot.userId,
    slotId: slot._id,
    skillKey: skill.key,
    sha: skill.sha,
    skillName: skill.name,
    link: skill.link,
  };
  const sessionId = await ctx.db.insert("sessions", {
    ...about,
    title: skill.name,
  });
  const situation = await situationOf(ctx, slot, skill.key, skill.sha);
  const launchId = await ctx.db.insert("launches", {
    ...about,
    sessionId,
    path: pathOf(situation, now),
    active: true,
    state: { state: "queued" },
    deadlineAt: now + QUEUE_DEADLINE,
    steps: advanceSteps([], "queued", now),
  });
  const launch = await ctx.db.get("launches", launchId);
  if (!launch) throw new Error("The launch just written cannot be read.");
  return launch;
}

/** A launch of the signed-in user, or null. */
export const get = userQuery({
  scope: "read",
  args: { launchId: v.string() },
  returns: v.union(launchView, v.null()),
  handler: async (ctx, args) => {
    const launch = await ownLaunch(ctx, args.launchId);
    return launch && viewLaunch(ctx, launch);
  },
});

/** The newest launch of a session, or null. */
export const forSession = userQuery({
  scope: "read",
  args: { sessionId: v.string() },
  returns: v.union(launchView, v.null()),
  handler: async (ctx, args) => {
    const user = await getUser(ctx);
    const sessionId = ctx.db.normalizeId("sessions", args.sessionId);
    if (!user || !sessionId) return null;
    const launch = await ctx.db
      .query("launches")
      .withIndex("by_session", (q) => q.eq("sessionId", sessionId))
      .order("desc")
      .first();
    return launch?.userId === user._id ? viewLaunch(ctx, launch) : null;
  },
});

/** The user's newest launches, newest first. */
export const recent = userQuery({
  scope: "read",
  args: {},
  returns: v.array(launchView),
  handler: async (ctx) => {
    const user = await getUser(ctx);
    if (!user) return [];
    const launches = await ctx.db
      .query("launches")
      .withIndex("by_user", (q) => q.eq("userId", user._id))
      .order("desc")
      .take(RECENT);
    return Promise.all(launches.map((launch) => viewLaunch(ctx, launch)));
  },
});

/** All the user's launches, newest first, at most 100 a page. */
export const history = userQuery({
  scope: "read",
  args: { paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(launchView),
  handler: async (ctx, { paginationOpts }) => {
    const user = await getUser(ctx);
    if (!user) return { page: [], isDone: true, continueCursor: "" };
    const numItems = Math.min(paginationOpts.numItems, MAX_PAGE);
    const result = await ctx.db
      .query("launches")
      .withIndex("by_user", (q) => q.eq("userId", user._id))
      .order("desc")
      .paginate({ ...paginationOpts, numItems });
    const page = result.page.map((launch) => viewLaunch(ctx, launch));
    return { ...result, page: await Promise.all(page) };
  },
});

/** Whether the user agreed to run this skill at this commit before. */
export const consented = userQuery({
  scope: "read",
  args: { skillKey: v.string(), sha: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { skillKey, sha }) => {
    const user = await getUser(ctx);
    return user !== null && hasConsent(ctx, user._id, skillKey, sha);
  },
});

/** Withdraws a launch. A create that nobody else waits for is given up. */
export const cancel = userMutation({
  scope: "launch",
  args: { launchId: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    const launch = await ownLaunch(ctx, args.launchId);
    if (!launch) throw refuse("not_found", "There is no such launch.");
    if (!launch.active) return null;
    await endLaunch(ctx, launch, {
      state: "cancelled",
      at: Date.now(),
      reason: "You cancelled it.",
    });
    await abandonIfUnwanted(ctx, launch.slotId);
    return null;
  },
});

async function ownLaunch(
  ctx: QueryCtx,
  id: string,
): Promise<Doc<"launches"> | null> {
  const user = await getUser(ctx);
  const launchId = ctx.db.normalizeId("launches", id);
  if (!user || !launchId) return null;
  const launch = await ctx.db.get("launches", launchId);
  return launch?.userId === user._id ? launch : null;
}
