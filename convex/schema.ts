import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { logActor, logWhat } from "./model/logEntry";
import { ticketFields } from "./model/ticket";
import {
  agentState,
  failureValidator,
  launchPath,
  launchState,
  launchStep,
  listedSkill,
  messageState,
  partBody,
  repairs,
  repositoryHead,
  scope,
  skillFields,
  slotState,
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
    .index("by_owner_and_repo", ["owner", "repo"]),

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

  // ---- lifecycle (written only through convex/lifecycle) -------------------

  /** The place of one user's sandbox. Never deleted: its counters never restart. */
  slots: defineTable({
    userId: v.id("users"),
    name: v.string(), // "default"
    generation: v.number(),
    revision: v.number(),
    configWrites: v.number(), // last config write token handed out
    strikes: v.number(), // boots and creates in a row that came to nothing
    state: slotState,
  })
    .index("by_user_and_name", ["userId", "name"])
    .index("by_status", ["state.status"]),

  /** Who works on the slot's current step. One row per slot while there is a step. */
  leases: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    token: v.string(),
    attempt: v.number(), // failures in a row of this step; sets the backoff
    scheduledId: v.id("_scheduled_functions"),
    claimed: v.boolean(),
    expiresAt: v.number(), // claimed: the worker's; unclaimed: when to look at the job
  })
    .index("by_slot", ["slotId"])
    .index("by_expires_at", ["expiresAt"]),

  /** One row per generation, written before create. Orphans live here. */
  remotes: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    name: v.string(),
    state: v.union(
      v.literal("submitted"),
      v.literal("present"),
      v.literal("unsettled"),
      v.literal("deleting"),
      v.literal("gone"),
    ),
    remoteId: v.optional(v.string()),
    credential: v.optional(v.string()), // fingerprint of the account that answered for it
    creates: v.number(), // handed out to workers; each may have happened
    since: v.number(), // of the state
    nextAt: v.number(), // when the sweeper looks again (unsettled, deleting)
    attempts: v.number(),
    settleBy: v.optional(v.number()), // a create without an answer counts until then
  })
    .index("by_slot_and_generation", ["slotId", "generation"])
    .index("by_state_and_next_at", ["state", "nextAt"])
    .index("by_remote_id", ["remoteId"]),

  /** Keys, address and config of a remote since its last start. One row per slot. Secrets: never in a public result. */
  boots: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    sandboxdKey: v.string(), // sealed
    gatewayToken: v.string(), // sealed
    gatewayTokenHash: v.string(), // sha256 hex
    access: v.optional(v.object({ url: v.string(), token: v.string() })),
    config: v.union(
      v.object({ status: v.literal("dirty") }),
      v.object({
        status: v.literal("writing"),
        writeToken: v.number(),
        token: v.string(), // of the flight
        scheduledId: v.id("_scheduled_functions"),
        claimed: v.boolean(),
        attempt: v.number(),
        expiresAt: v.number(),
      }),
      v.object({
        status: v.literal("clean"),
        writeToken: v.number(),
        hash: v.string(),
      }),
    ),
    agent: v.optional(agentState),
    repairs: v.optional(repairs), // of skills that vanished from its disk
  })
    .index("by_slot", ["slotId"])
    .index("by_gateway_token_hash", ["gatewayTokenHash"])
    .index("by_config", ["config.status", "config.expiresAt"]),

  /** What is known of a slot's life, hot, so apart from the slot. One row per slot. */
  activity: defineTable({
    slotId: v.id("slots"),
    confirmedAt: v.number(), // last traffic the provider counts as activity
    lookedAt: v.number(), // last time the provider called it started
    failures: v.number(), // probes in a row without an answer
    polls: v.number(), // quick looks in a row at an agent that boots
    actedAt: v.optional(v.number()), // last thing a person did with it
    warnedAt: v.optional(v.number()), // when its stop was announced; once for each
    nextProbeAt: v.optional(v.number()), // set while it runs
    probe: v.optional(
      v.object({
        token: v.string(),
        asksDaemon: v.boolean(),
        scheduledId: v.id("_scheduled_functions"),
        claimed: v.boolean(),
        expiresAt: v.number(),
      }),
    ), // the flight
  })
    .index("by_slot", ["slotId"])
    .index("by_next_probe_at", ["nextProbeAt"]),

  /**
   * Until when some visible tab says that it shows the sandbox. Apart from the
   * activity, which lists read. Written by presence.ts, read by probes.
   */
  watches: defineTable({
    slotId: v.id("slots"),
    until: v.number(),
  }).index("by_slot", ["slotId"]),

  /** A skill confirmed on the disk of a generation (I4). */
  installedSkills: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    skillKey: v.string(),
    sha: v.string(),
    name: v.string(),
    link: v.string(),
    digest: v.string(),
    path: v.string(),
    installId: v.optional(v.string()), // the install that last wrote it; see sandboxd/skills
  }).index("by_slot_and_generation_and_skill_key_and_sha", [
    "slotId",
    "generation",
    "skillKey",
    "sha",
  ]),

  /**
   * One flight per (slot, generation, skill, commit), which puts a skill on the
   * disk or, with `removes`, takes an unlisted one off it. Deleted when it ends.
   */
  installs: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    skillKey: v.string(),
    sha: v.string(),
    token: v.string(),
    scheduledId: v.id("_scheduled_functions"),
    claimed: v.boolean(),
    attempt: v.number(),
    expiresAt: v.number(),
    removes: v.optional(
      v.object({ digest: v.string(), installId: v.string() }),
    ),
  })
    .index("by_slot_and_generation_and_skill_key_and_sha", [
      "slotId",
      "generation",
      "skillKey",
      "sha",
    ])
    .index("by_token", ["token"])
    .index("by_expires_at", ["expiresAt"]),

  /** One request to have a skill at a commit ready. */
  launches: defineTable({
    userId: v.id("users"),
    slotId: v.id("slots"),
    sessionId: v.id("sessions"),
    skillKey: v.string(),
    sha: v.string(),
    skillName: v.string(),
    link: v.string(),
    path: v.optional(launchPath),
    active: v.boolean(), // mirrors `state`, for the index; set only by setLaunchState
    state: launchState,
    deadlineAt: v.number(),
    steps: v.array(launchStep), // at most one per phase
  })
    .index("by_slot_and_active", ["slotId", "active"])
    .index("by_active_and_deadline_at", ["active", "deadlineAt"])
    .index("by_user", ["userId"])
    .index("by_session", ["sessionId"]),

  /**
   * What happened to a slot and its launches, in order. Inserted by lifecycle/log,
   * never changed, read by logs.ts, removed by lifecycle/retention. No hot query reads it.
   */
  events: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    launchId: v.optional(v.id("launches")), // of what concerns one launch alone
    by: logActor,
    what: logWhat,
  }).index("by_slot", ["slotId"]),

  /** Replays of keyed requests: (user, route, key) -> answer, 24 h. */
  idempotency: defineTable({
    userId: v.id("users"),
    route: v.string(),
    key: v.string(),
    bodyHash: v.string(),
    answer: v.string(), // JSON
    expiresAt: v.number(),
  })
    .index("by_user_and_route_and_key", ["userId", "route", "key"])
    .index("by_expires_at", ["expiresAt"]),

  /** Provider sandboxes of this deployment that no record wants. */
  orphans: defineTable({
    remoteId: v.string(),
    name: v.string(),
    // Of its labels, if there is such a slot; for the log.
    of: v.optional(v.object({ slotId: v.id("slots"), generation: v.number() })),
    firstSeenAt: v.number(),
    sweeps: v.number(),
  }).index("by_remote_id", ["remoteId"]),

  /** Singleton counters and the sweeper's last word, for health. */
  sweeps: defineTable({
    at: v.number(),
    listed: v.number(),
    orphansHealed: v.number(),
    halted: v.optional(v.string()),
  }),

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
    .index("by_slot_and_skill_key_and_sha", ["slotId", "skillKey", "sha"]),

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
    messageId: v.id("messages"), // the assistant's
    text: v.string(),
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
    reinstalledFor: v.optional(v.number()), // generation whose disk lacked its skill
    cursor: turnCursor, // events taken, and what was written
    stopRequested: v.boolean(),
    startedAt: v.optional(v.number()), // when it was first handed over
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

  /** Requests to a model under way, each leased by the action that carries it. */
  modelRequests: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    expiresAt: v.number(),
  }).index("by_slot", ["slotId"]),

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
