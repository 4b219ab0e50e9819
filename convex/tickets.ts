import { v, type Infer } from "convex/values";
import { asOwner, requireToken, requireUser } from "./access";
import { internal } from "./_generated/api";
import type { Doc } from "./_generated/dataModel";
import {
  action,
  internalMutation,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server";
import { getRemote } from "./lifecycle/records";
import { acted, relayed } from "./lifecycle/use";
import { limitTicket } from "./limits";
import { refuse, failure, type Failure } from "./model/errors";
import { randomToken, sha256Hex } from "./model/seal";
import {
  claim,
  judgeClaim,
  previewLabel,
  purpose,
  requirePurpose,
  TICKET_TTL,
  type Claim,
  type Purpose,
} from "./model/ticket";
import { failureValidator } from "./validators";

/**
 * Tickets for the relay (relay/README.md): made for the owner of a running
 * sandbox, redeemed once by the relay, which then asks here every half minute
 * whether what it opened may stay open.
 */

const issued = v.object({
  ticket: v.string(),
  expiresAt: v.number(),
  /** The first part of the host name a port is shown on. */
  label: v.union(v.string(), v.null()),
});

/**
 * A ticket to something of the caller's running sandbox. An action, because a
 * mutation's randomness is not for secrets, and its answer could be kept.
 *
 * Throws `relay_unavailable`, `not_found`, `sandbox_not_running`,
 * `port_reserved`, `bad_request`, `rate_limited`, `not_signed_in`, `scope_missing`.
 */
export const issue = action({
  args: { slotId: v.string(), purpose, token: v.optional(v.string()) },
  returns: issued,
  handler: async (ctx, args): Promise<Infer<typeof issued>> => {
    const secret = process.env.RELAY_SECRET;
    if (!secret) {
      throw refuse("relay_unavailable", "This deployment has no relay.");
    }
    const wanted = requirePurpose(args.purpose);
    const ticket = randomToken();
    const row = await ctx.runMutation(internal.tickets.store, {
      ...args,
      purpose: wanted,
      hash: await sha256Hex(ticket),
    });
    const label =
      wanted.kind === "port"
        ? await previewLabel(secret, { ...row, port: wanted.port })
        : null;
    return { ticket, expiresAt: row.expiresAt, label };
  },
});

/** Rows looked at when a ticket is made: those of others that were never used. */
const SWEPT = 20;

export const store = internalMutation({
  args: {
    slotId: v.string(),
    purpose,
    hash: v.string(),
    token: v.optional(v.string()),
  },
  returns: v.object({
    slotId: v.id("slots"),
    generation: v.number(),
    expiresAt: v.number(),
  }),
  handler: async (ctx, { token, hash, purpose, ...args }) => {
    const now = Date.now();
    const owner = await asOwner(ctx, token, "control", now);
    const user = await requireUser(owner);
    const slotId = ctx.db.normalizeId("slots", args.slotId);
    const slot = slotId && (await ctx.db.get("slots", slotId));
    if (slot?.userId !== user._id) {
      throw refuse("not_found", "There is no such sandbox.");
    }
    if (slot.state.status !== "running") {
      throw refuse("sandbox_not_running", "The sandbox does not run.");
    }
    await limitTicket(ctx, user._id);
    // A terminal comes back by itself after a cut; that is nobody's doing.
    if (purpose.kind !== "terminal") await acted(ctx, slot._id);
    await sweep(ctx, now);
    const { generation, revision } = slot;
    const tokenId = token && (await requireToken(ctx, token, now))._id;
    const expiresAt = now + TICKET_TTL;
    await ctx.db.insert("tickets", {
      ...{ hash, purpose, expiresAt, generation, revision },
      userId: user._id,
      slotId: slot._id,
      ...(tokenId && { tokenId }),
    });
    return { slotId: slot._id, generation, expiresAt };
  },
});

/** Tickets nobody came with go when others are made: there is no job to keep. */
async function sweep(ctx: MutationCtx, now: number): Promise<void> {
  const stale = await ctx.db
    .query("tickets")
    .withIndex("by_expires_at", (q) => q.lt("expiresAt", now))
    .take(SWEPT);
  for (const { _id } of stale) await ctx.db.delete("tickets", _id);
}

const redeemed = v.union(
  v.object({ ok: v.literal(false), error: failureValidator }),
  v.object({
    ok: v.literal(true),
    claim,
    purpose,
    remote: v.object({
      remoteId: v.string(),
      credential: v.optional(v.string()),
    }),
  }),
);

/**
 * Takes a ticket, whatever comes of it: of two who come with the same, one is
 * too late. It is good for what it was made for and nothing else.
 */
export const redeem = internalMutation({
  args: { hash: v.string(), kind: v.string() },
  returns: redeemed,
  handler: async (ctx, { hash, kind }): Promise<Infer<typeof redeemed>> => {
    const ticket = await ctx.db
      .query("tickets")
      .withIndex("by_hash", (q) => q.eq("hash", hash))
      .unique();
    if (!ticket) return refused("It was used already, or never made.");
    await ctx.db.delete("tickets", ticket._id);
    const now = Date.now();
    if (ticket.expiresAt <= now) return refused("It was too old.");
    if (ticket.purpose.kind !== kind) {
      return refused(`It was made for a ${ticket.purpose.kind}.`);
    }
    const held = claimOf(ticket);
    const verdict = await standing(ctx, held, now);
    if (verdict !== "ok") {
      const error = failure(
        verdict === "sandbox_changed" ? "sandbox_not_running" : "not_found",
        "The sandbox this was for is not there any more.",
      );
      return { ok: false, error };
    }
    const remote = await getRemote(ctx, ticket.slotId, ticket.generation);
    if (remote?.remoteId === undefined) {
      throw new Error(`A sandbox runs in ${ticket.slotId} without an id.`);
    }
    const { remoteId, credential } = remote;
    return {
      ok: true,
      claim: held,
      purpose: ticket.purpose satisfies Purpose,
      remote: { remoteId, ...(credential !== undefined && { credential }) },
    };
  },
});

function refused(why: string): { ok: false; error: Failure } {
  const error = failure("ticket_invalid", `The ticket is not good. ${why}`);
  return { ok: false, error };
}

function claimOf(ticket: Doc<"tickets">): Claim {
  const { userId, slotId, generation, revision, tokenId } = ticket;
  return { userId, slotId, generation, revision, ...(tokenId && { tokenId }) };
}

export const verdict = v.union(
  v.literal("ok"),
  v.literal("sandbox_changed"),
  v.literal("access_withdrawn"),
);

/** One question of the relay; it asks in parts when more is open. */
export const MAX_CLAIMS = 100;

/** What it tells of happened within this, in ms: it asks so often. */
const CHECKED = 30_000;

/** Something that is open, and what happened there since it was last asked about. */
export const open = v.object({
  claim,
  /** Bytes came out of the sandbox. */
  active: v.boolean(),
  /** Somebody typed. */
  typed: v.boolean(),
});

/**
 * Whether what is open may stay so, in the order asked. Bytes out of a sandbox
 * are a sign of life, and keys are something a person did: both are recorded.
 */
export const check = internalMutation({
  args: { open: v.array(open) },
  returns: v.array(verdict),
  handler: async (ctx, { open }) => {
    const now = Date.now();
    const verdicts: Infer<typeof verdict>[] = [];
    const alive = new Set<Claim["slotId"]>();
    const used = new Set<Claim["slotId"]>();
    for (const one of open.slice(0, MAX_CLAIMS)) {
      const answer = await standing(ctx, one.claim, now);
      verdicts.push(answer);
      if (answer !== "ok") continue;
      if (one.active) alive.add(one.claim.slotId);
      if (one.typed) used.add(one.claim.slotId);
    }
    for (const slotId of alive) await relayed(ctx, slotId, CHECKED);
    for (const slotId of used) await acted(ctx, slotId);
    return verdicts;
  },
});

async function standing(ctx: QueryCtx, held: Claim, now: number) {
  const [slot, user, token] = await Promise.all([
    ctx.db.get("slots", held.slotId),
    ctx.db.get("users", held.userId),
    held.tokenId && ctx.db.get("personalTokens", held.tokenId),
  ]);
  const expired = token?.expiresAt !== undefined && token.expiresAt <= now;
  return judgeClaim(held, {
    slot: slot && { ...slot, status: slot.state.status },
    access: user !== null && (!held.tokenId || (!!token && !expired)),
  });
}
