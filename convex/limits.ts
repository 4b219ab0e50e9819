import { MINUTE, RateLimiter } from "@convex-dev/rate-limiter";
import { components } from "./_generated/api";
import type { Id } from "./_generated/dataModel";
import type { ActionCtx, MutationCtx } from "./_generated/server";
import { groupOf } from "./model/address";
import { failure, refuse, type Failure } from "./model/errors";

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

/**
 * Counts a credential that is none, by the address it came from; a failure
 * where that address has shown too many. Writes nothing once it has.
 */
export async function limitStranger(
  ctx: ActionCtx,
): Promise<(Failure & { retryAfterMs: number }) | null> {
  const { ip } = await ctx.meta.getRequestMetadata();
  const status = await limiter.limit(ctx, "strangers", { key: groupOf(ip) });
  if (status.ok) return null;
  const message = "Very many wrong credentials came from this address.";
  const { retryAfter: retryAfterMs } = status;
  return { ...failure("rate_limited", message), retryAfterMs };
}

function requireRoom(
  status: { ok: true } | { ok: false; retryAfter: number },
  what: string,
): void {
  if (status.ok) return;
  const seconds = Math.ceil(status.retryAfter / 1_000);
  throw refuse(
    "rate_limited",
    `${what} within a minute. There is room for the next in ${seconds} s.`,
    status.retryAfter,
  );
}
