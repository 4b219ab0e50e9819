import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { ticketFields } from "./model/ticket";
import { lifecycleTables } from "./lifecycle/tables";
import {
  failureValidator,
  listedSkill,
  messageState,
  partBody,
  repositoryHead,
  scope,
  skillFields,
  turnCursor,
} from "./validators";

export default defineSchema({
  // ---- who ----------------------------------------------------------------

  /** One row per person. Written at their first mutation; never deleted. */
  users: defineTable({ name: v.string() }),

  /** Maps a token identifier to a user, so a change of issuer strands nobody. */
  identities: defineTable({
    tokenIdentifier: v.string(),
    userId: v.id("users"),
  })
    .index("by_token_identifier", ["tokenIdentifier"])
    .index("by_user", ["userId"]),

  /**
   * Tokens people made for their programs; only the hash of each is kept. Written
   * by tokens.ts, read by access.ts. Deleted when revoked or expired.
   */
  personalTokens: defineTable({
    userId: v.id("users"),
    hash: v.string(), // sha256 hex
    name: v.string(),
    prefix: v.string(), // first characters, to tell one from another
    scopes: v.array(scope),
    expiresAt: v.optional(v.number()),
    expiry: v.optional(v.id("_scheduled_functions")), // what ends it then
  })
    .index("by_hash", ["hash"])
    .index("by_user", ["userId"]),

  /** When a token was last used, to the minute. Hot, so apart: watchers read tokens. */
  tokenUses: defineTable({
    tokenId: v.id("personalTokens"),
    at: v.number(),
  }).index("by_token", ["tokenId"]),

  /** Ways through the relay, for a minute and one use. Written and deleted by tickets.ts. */
  tickets: defineTable(ticketFields)
    .index("by_hash", ["hash"])
    .index("by_expires_at", ["expiresAt"]),

  /** Singleton: the id that labels every remote of this deployment. */
  deployment: defineTable({ deploymentId: v.string() }),

  // ---- skills -------------------------------------------------------------

  /** A skill at a commit. Written once by the resolver; read by pages and installs. */
  skills: defineTable({
    ...skillFields,
    storageId: v.id("_storage"), // deterministic tar.gz of the skill's folder
  })
    .index("by_key_and_sha", ["key", "sha"])
    .index("by_storage_id", ["storageId"]),

  /** HEAD of a repository, trusted for a while so that many tabs cost one look. */
  resolutions: defineTable({
    repository: v.string(), // host/owner/repo, lower case
    head: repositoryHead,
    checkedAt: v.number(),
  }).index("by_repository", ["repository"]),

  /** All skills of a repository at a commit. Written once by the resolver. */
  listings: defineTable({
    repository: v.string(), // host/owner/repo, lower case
    sha: v.string(),
    skills: v.array(listedSkill), // bounded: see REPOSITORY_LIMITS
  }).index("by_repository_and_sha", ["repository", "sha"]),

  /** A person agreed to run this skill at this commit. */
  consents: defineTable({
    userId: v.id("users"),
    skillKey: v.string(),
    sha: v.string(),
  }).index("by_user_and_skill_key_and_sha", ["userId", "skillKey", "sha"]),

  // ---- lifecycle ----------------------------------------------------------

  ...lifecycleTables,

  // ---- conversations -------------------------------------------------------

  /** One conversation about one skill, with its own working directory. */
  sessions: defineTable({
    userId: v.id("users"),
    slotId: v.id("slots"),
    skillKey: v.string(),
    sha: v.string(),
    skillName: v.string(),
    link: v.string(),
    title: v.string(),
  })
    .index("by_user", ["userId"])
    .index("by_slot_and_skill_key_and_sha", ["slotId", "skillKey", "sha"])
    .index("by_skill_key_and_sha", ["skillKey", "sha"]),

  messages: defineTable({
    sessionId: v.id("sessions"),
    role: v.union(v.literal("user"), v.literal("assistant")),
    text: v.string(), // the user's words; "" for the assistant, whose words are parts
    state: messageState,
    clientId: v.optional(v.string()), // makes sending idempotent
  })
    // In the order of time, which the other index is not.
    // eslint-disable-next-line @convex-dev/no-duplicate-indexes
    .index("by_session", ["sessionId"])
    .index("by_session_and_client_id", ["sessionId", "clientId"]),

  /** The assistant's answer, in order. Text rows are bounded and appended to. */
  parts: defineTable({
    sessionId: v.id("sessions"),
    messageId: v.id("messages"),
    seq: v.number(),
    body: partBody,
  })
    .index("by_message_and_seq", ["messageId", "seq"])
    .index("by_message_and_call_id", ["messageId", "body.callId"]),

  /** One run of the agent. At most one `running` per session; the rest wait in order. */
  turns: defineTable({
    sessionId: v.id("sessions"),
    slotId: v.id("slots"),
    userId: v.id("users"),
    messageId: v.id("messages"), // the assistant's; what it answers is right before it
    text: v.optional(v.string()), // in rows of former releases; nothing reads it
    state: v.union(
      v.literal("queued"),
      v.literal("sending"),
      v.literal("running"),
      v.literal("ended"),
    ),
    generation: v.optional(v.number()), // of the remote it was handed to
    pushTokenHashes: v.array(v.string()), // one per try to hand it over; sha256 hex
    token: v.optional(v.string()), // fences the sender
    job: v.optional(v.id("_scheduled_functions")), // the sender's
    attempt: v.number(), // tries to hand it over, so far
    reinstalledFor: v.optional(v.number()), // generation whose disk was said to lack its skill
    cursor: turnCursor, // events taken, and what was written
    stopRequested: v.boolean(),
    startedAt: v.optional(v.number()), // when its sandbox was given it
    lastEventAt: v.number(),
    checkAt: v.number(), // when to look again, should nobody have told us
    deadlineAt: v.number(),
    modelError: v.optional(failureValidator), // the gateway's last word
    // Of its allowance at the model, reservations included (model/chat/spending).
    spent: v.optional(v.object({ requests: v.number(), tokens: v.number() })),
    usage: v.optional(
      v.object({ promptTokens: v.number(), completionTokens: v.number() }),
    ),
  })
    .index("by_session_and_state", ["sessionId", "state"])
    .index("by_slot_and_state", ["slotId", "state"])
    .index("by_state_and_check_at", ["state", "checkAt"])
    .index("by_message", ["messageId"]),

  /** Turns that a sandbox may still be at work on for nobody: it is owed a stop (chat/stops). */
  stops: defineTable({
    turnId: v.id("turns"), // outlives its row
    slotId: v.id("slots"),
    generation: v.number(), // of the remote it was handed to
    nextAt: v.number(), // when to tell it, or to tell it again
    job: v.optional(v.id("_scheduled_functions")), // that told it last
  })
    .index("by_slot", ["slotId"])
    .index("by_next_at", ["nextAt"]),

  /** Requests to a model under way, and pushes slow to arrive, each leased by the action that carries it (chat/places). */
  modelRequests: defineTable({
    slotId: v.id("slots"),
    userId: v.optional(v.id("users")), // not in rows of former releases
    generation: v.number(),
    turnId: v.optional(v.id("turns")), // what a request is charged to, once it was read
    expiresAt: v.number(),
  })
    .index("by_slot", ["slotId"])
    .index("by_user", ["userId"])
    .index("by_expires_at", ["expiresAt"]),

  // ---- settings ------------------------------------------------------------

  /** The user's model. No row: the deployment's default provider, if it is keyless. */
  modelChoices: defineTable({
    userId: v.id("users"),
    providerId: v.string(),
    model: v.string(),
  }).index("by_user", ["userId"]),

  /** A model provider's key, sealed. Only its last four characters are ever shown. */
  providerKeys: defineTable({
    userId: v.id("users"),
    providerId: v.string(),
    sealed: v.string(),
    lastFour: v.string(),
  }).index("by_user_and_provider_id", ["userId", "providerId"]),
});
