import { defineTable } from "convex/server";
import { v } from "convex/values";
import { logActor, logWhat } from "../model/logEntry";
import {
  agentState,
  fleetItem,
  launchPath,
  launchState,
  launchStep,
  repairs,
  slotState,
} from "../validators";

/** Set while the row's job waits for a berth, from `from`: its place in line is `since`. See lifecycle/berths. */
const waits = v.optional(
  v.object({ since: v.number(), from: v.number(), userId: v.id("users") }),
);

/** Written only through convex/lifecycle. */
export const lifecycleTables = {
  /** The place of one user's sandbox. Never deleted: its counters never restart. */
  slots: defineTable({
    userId: v.id("users"),
    name: v.string(), // "default", or the key of the skill that has it for its own
    generation: v.number(),
    revision: v.number(),
    configWrites: v.number(), // last config write token handed out
    strikes: v.number(), // boots and creates in a row that came to nothing
    state: slotState,
  })
    .index("by_user_and_name", ["userId", "name"])
    .index("by_status_and_since", ["state.status", "state.since"]),

  /** Who works on the slot's current step. One row per slot while there is a step. */
  leases: defineTable({
    slotId: v.id("slots"),
    generation: v.number(),
    token: v.string(),
    attempt: v.number(), // failures in a row of this step; sets the backoff
    scheduledId: v.id("_scheduled_functions"),
    claimed: v.boolean(),
    expiresAt: v.number(), // claimed: the worker's; unclaimed: when to look at the job
    waits,
  })
    .index("by_slot", ["slotId"])
    .index("by_line", ["waits.since"])
    .index("by_user_in_line", ["waits.userId", "waits.since"])
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
    snapshot: v.optional(v.string()), // it was made from
    creates: v.number(), // handed out to workers; each may have happened
    since: v.number(), // of the state
    nextAt: v.number(), // when the sweeper looks again (unsettled, deleting)
    attempts: v.number(),
    settleBy: v.optional(v.number()), // a create without an answer counts until then
  })
    .index("by_slot_and_generation", ["slotId", "generation"])
    .index("by_state_and_next_at", ["state", "nextAt"]),

  /** Who holds a place under the caps: a remote that lives, may live or may not be gone yet. */
  places: defineTable({
    remoteId: v.id("remotes"),
    userId: v.id("users"),
  })
    .index("by_remote", ["remoteId"])
    .index("by_user", ["userId"]),

  /** What a replacement carries over. One row per slot while it does; it goes with its file. */
  keeps: defineTable({
    slotId: v.id("slots"),
    generation: v.number(), // of the remote it was kept from
    storageId: v.id("_storage"),
    digest: v.string(), // of the files in it
    files: v.number(),
    bytes: v.number(),
    skills: v.array(v.object({ skillKey: v.string(), sha: v.string() })), // bounded by MAX_SKILLS
  })
    .index("by_slot", ["slotId"])
    .index("by_storage_id", ["storageId"]),

  /** What "Stop all" stopped, to be brought back as one. One row per user. */
  fleets: defineTable({
    userId: v.id("users"),
    items: v.array(fleetItem), // bounded by MAX_SLOTS
  }).index("by_user", ["userId"]),

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
      v.object({ status: v.literal("full") }), // the disk; tried when somebody waits
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

  /**
   * What is known of a slot's life, with the flight of the look at it. Written
   * several times a minute while it runs, so no query reads it: see pulses. One
   * row per slot.
   */
  activity: defineTable({
    slotId: v.id("slots"),
    confirmedAt: v.number(), // last traffic the provider counts as activity
    lookedAt: v.number(), // last time the provider called it started
    heardAt: v.optional(v.number()), // when its daemon's last answer was told
    failures: v.number(), // probes in a row without an answer
    leaving: v.optional(v.boolean()), // the provider was last seen stopping it, unasked
    polls: v.number(), // quick looks at its agent since it was started or configured
    actedAt: v.optional(v.number()), // last thing a person did with it
    warnedAt: v.optional(v.number()), // when its stop was announced; once for each
    nextProbeAt: v.optional(v.number()), // set while it runs
    owed: v.optional(v.boolean()), // the next look asks the daemon, for an owner who asked too soon
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
   * What lists show of the activity: written by lifecycle/pulses, and only when
   * that has changed. One row per slot, once anything is known of its life.
   */
  pulses: defineTable({
    slotId: v.id("slots"),
    confirmedAt: v.number(), // its stop is counted from then; may be a minute behind
    lookedAt: v.number(), // last seen running; not renewed while looks find it so
    unreachable: v.boolean(), // looks in a row had no answer
    warnedAt: v.optional(v.number()), // when its stop was announced
  }).index("by_slot", ["slotId"]),

  /**
   * Until when some visible tab says that it shows the sandbox. Written by
   * presence.ts, read by probes.
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
    knownSince: v.optional(v.number()), // when the skill at this commit became known to us
    installId: v.optional(v.string()), // the install that last wrote it; see sandboxd/skills
  })
    .index("by_slot_and_generation_and_skill_key_and_sha", [
      "slotId",
      "generation",
      "skillKey",
      "sha",
    ])
    .index("by_skill_key_and_sha", ["skillKey", "sha"]),

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
    scheduledId: v.optional(v.id("_scheduled_functions")), // none if it has only waited
    claimed: v.boolean(),
    attempt: v.number(),
    expiresAt: v.number(),
    waits,
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
    .index("by_line", ["waits.since"])
    .index("by_user_in_line", ["waits.userId", "waits.since"])
    .index("by_expires_at", ["expiresAt"]),

  /** Who runs a job that may be long, of the few that may at once. Written by lifecycle/berths. */
  berths: defineTable({
    kind: v.union(v.literal("leases"), v.literal("installs")),
    // Whose job: the fence of the lease or flight it began with.
    slotId: v.optional(v.id("slots")), // none in older rows, which end with their time
    generation: v.optional(v.number()),
    token: v.string(),
    userId: v.id("users"),
    calledIn: v.optional(v.literal(true)), // from line; its job has not begun yet
    expiresAt: v.number(),
  })
    .index("by_kind", ["kind"])
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
    joined: v.optional(v.boolean()), // by somebody, and that is in the log
    admittedAt: v.optional(v.number()), // when it was first worked on
    active: v.boolean(), // mirrors `state`, for the index
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
    healed: v.optional(v.boolean()), // its deletion was taken
    absentSince: v.optional(v.number()), // not listed: gone, or a list that leaves some out
  }).index("by_remote_id", ["remoteId"]),

  /** Singleton counters and the sweeper's last word, for health. */
  sweeps: defineTable({
    at: v.number(),
    listed: v.number(),
    orphansHealed: v.number(),
    halted: v.optional(v.string()),
    presentFrom: v.optional(v.number()), // the next compares from this `remotes.nextAt` on
  }),

  /** How much of each kind was removed for its age. Written by lifecycle/retention, read by health. */
  removals: defineTable({
    kind: v.string(),
    count: v.number(),
    lastAt: v.optional(v.number()),
    job: v.optional(v.id("_scheduled_functions")), // the last of its chain
  }).index("by_kind", ["kind"]),
};
