import { MINUTE, RateLimiter } from "@convex-dev/rate-limiter";
import { ConvexError } from "convex/values";
import { components } from "./_generated/api";
import type { Id } from "./_generated/dataModel";
import type { ActionCtx, MutationCtx } from "./_generated/server";
import { groupOf } from "./model/address";
import { failure, type Failure } from "./model/errors";

/**
 * How often one user, or one address, may ask for what costs us something. A limit is taken in
 * the mutation that does the work and comes back when that mutation fails; it
 * never ends what is under way. Joining a launch takes nothing: N tabs cost
 * what one costs. Generous on purpose: a person does not meet them, a loop
 * that has gone wrong does within a minute.
 */

/** A person with ten tabs open starts ten at once; a bench starts a hundred. */
const LAUNCHES = { rate: 60, capacity: 120 };

/** Of one skill: each is a new conversation, so half of all there may be. */
const LAUNCHES_OF_A_SKILL = { rate: 30, capacity: 60 };

/** Each one is a run of the agent; nobody types one a second for two minutes. */
const MESSAGES = { rate: 60, capacity: 120 };

/** Each writes to a log that is kept for weeks; a person with many sandboxes deletes them all at once. */
const CONTROLS = { rate: 60, capacity: 240 };

/** A page that lost its terminal asks for another every few seconds. */
const TICKETS = { rate: 60, capacity: 60 };

/** Each try asks the provider: we are nobody's way to guess keys. */
const KEYS = { rate: 5, capacity: 20 };

/** Kept answers of keyed requests, of what is not limited itself: each is a row for a day. */
const KEPT = { rate: 300, capacity: 600 };

/** A program makes one and keeps it; each may leave a job behind that waits for its end. */
const TOKENS = { rate: 10, capacity: 25 };

/** What git hosts are asked for somebody; most links are answered from records. */
const LOOKS = { rate: 120, capacity: 600 };

/** Of visitors who are not signed in. All pages that a web server renders come from its address. */
const LOOKS_OF_AN_ADDRESS = { rate: 600, capacity: 1_200 };

/** Of one address. What runs as it should shows no wrong credential, or one when a sandbox was replaced. */
const STRANGERS = { rate: 30, capacity: 60 };

const perMinute = (limit: { rate: number; capacity: number }) =>
  ({ kind: "token bucket", period: MINUTE, ...limit }) as const;

const limiter = new RateLimiter(components.rateLimiter, {
  launches: perMinute(LAUNCHES),
  launchesOfSkill: perMinute(LAUNCHES_OF_A_SKILL),
  messages: perMinute(MESSAGES),
  keys: perMinute(KEYS),
  tickets: perMinute(TICKETS),
  controls: perMinute(CONTROLS),
  kept: perMinute(KEPT),
  tokens: perMinute(TOKENS),
  looks: perMinute(LOOKS),
  looksOfAddress: perMinute(LOOKS_OF_AN_ADDRESS),
  strangers: perMinute(STRANGERS),
});

/** Takes one launch of a skill. Throws `rate_limited` with when to retry. */
export async function limitLaunch(
  ctx: MutationCtx,
  userId: Id<"users">,
  skillKey: string,
): Promise<void> {
  const ofSkill = await limiter.limit(ctx, "launchesOfSkill", {
    key: `${userId} ${skillKey}`,
  });
  requireRoom(ofSkill, "You launched this skill very often");
  const all = await limiter.limit(ctx, "launches", { key: userId });
  requireRoom(all, "You launched very many skills");
}

/** Takes one message to an agent. Throws `rate_limited` with when to retry. */
export async function limitMessage(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "messages", { key: userId });
  requireRoom(status, "You sent very many messages");
}

/** Takes one try of a model provider's key. Throws `rate_limited` with when to retry. */
export async function limitKey(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "keys", { key: userId });
  requireRoom(status, "You tried very many keys");
}

/** Takes one stop, start, or other command to a sandbox. Throws `rate_limited` with when to retry. */
export async function limitControl(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "controls", { key: userId });
  requireRoom(status, "You sent very many commands to sandboxes");
}

/** Takes one way through the relay. Throws `rate_limited` with when to retry. */
export async function limitTicket(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "tickets", { key: userId });
  requireRoom(status, "You opened very many terminals and previews");
}

/** Takes one answer that is kept for when it is asked for again. Throws `rate_limited` with when to retry. */
export async function limitKept(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "kept", { key: userId });
  requireRoom(status, "You sent very many requests with keys");
}

/** Takes one answer that may be kept; whether there was room. For what nothing limits. */
export async function mayKeep(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<boolean> {
  return (await limiter.limit(ctx, "kept", { key: userId })).ok;
}

/** Takes one personal token made. Throws `rate_limited` with when to retry. */
export async function limitToken(
  ctx: MutationCtx,
  userId: Id<"users">,
): Promise<void> {
  const status = await limiter.limit(ctx, "tokens", { key: userId });
  requireRoom(status, "You made very many tokens");
}

/**
 * Takes one look at a repository, of a user or else of the address that asks;
 * a failure where there is no room for it.
 */
export async function limitLook(
  ctx: MutationCtx,
  userId: Id<"users"> | null,
): Promise<Failure | null> {
  if (userId) {
    const status = await limiter.limit(ctx, "looks", { key: userId });
    return noRoom(status, "You looked at very many repositories");
  }
  const { ip } = await ctx.meta.getRequestMetadata();
  const key = groupOf(ip);
  const status = await limiter.limit(ctx, "looksOfAddress", { key });
  return noRoom(status, "This address looked at very many repositories");
}

/**
 * Counts a credential that is none, by the address it came from; a failure
 * where that address has shown too many. Writes nothing once it has.
 */
export async function limitStranger(ctx: ActionCtx): Promise<Limited | null> {
  const { ip } = await ctx.meta.getRequestMetadata();
  const status = await limiter.limit(ctx, "strangers", { key: groupOf(ip) });
  return noRoom(status, "This address showed very many wrong credentials");
}

function requireRoom(
  status: { ok: true } | { ok: false; retryAfter: number },
  what: string,
): void {
  const limited = noRoom(status, what);
  if (limited) throw new ConvexError(limited);
}

type Limited = Failure & { retryAfterMs: number };

function noRoom(
  status: { ok: true } | { ok: false; retryAfter: number },
  what: string,
): Limited | null {
  if (status.ok) return null;
  const { retryAfter: retryAfterMs } = status;
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const message = `${what} within a minute. There is room for the next in ${seconds} s.`;
  return { ...failure("rate_limited", message), retryAfterMs };
}
