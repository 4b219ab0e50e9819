import { v, type Infer } from "convex/values";

/** What an entry of a sandbox's log tells. One validator for schema, code, queries and HTTP API. */

/** Who did it: somebody signed in, one of their programs by its token's name, or Slipway by itself. */
export const logActor = v.union(
  v.object({ kind: v.literal("slipway") }),
  v.object({ kind: v.literal("browser") }),
  v.object({ kind: v.literal("token"), name: v.string() }),
);
export type LogActor = Infer<typeof logActor>;

/** The part of a failure that is worth keeping; its words are cut. */
export const logError = v.object({ code: v.string(), message: v.string() });

/** One request to another machine: the provider's, or the daemon in the sandbox. */
export const logCall = v.union(
  v.literal("create"),
  v.literal("look"),
  v.literal("start"),
  v.literal("recover"),
  v.literal("claim"),
  v.literal("stop"),
  v.literal("delete"),
  v.literal("keep"),
  v.literal("restore"),
  v.literal("install"),
  v.literal("uninstall"),
  v.literal("configure"),
  v.literal("probe"),
  v.literal("send"), // a message, to the agent
  v.literal("pull"), // of what an agent says
  v.literal("halt"), // of an agent at work
);
export type LogCall = Infer<typeof logCall>;

/** What a person, or their program, asked for. */
export const logAction = v.union(
  v.literal("start"),
  v.literal("stop"),
  v.literal("delete"),
  v.literal("extend"),
  v.literal("replace"),
  v.literal("resume_replace"),
  v.literal("cancel_replace"),
  v.literal("stop_all"),
  v.literal("restore"),
  v.literal("decline_restore"),
);

const skill = { skillKey: v.string(), sha: v.string() };

export const logWhat = v.union(
  /** The slot went from one state to another; states are named as by `stateName`. */
  v.object({
    kind: v.literal("slot"),
    from: v.string(),
    to: v.string(),
    cause: v.string(), // the event's type
    revision: v.number(),
    strikes: v.number(),
    error: v.optional(logError),
  }),
  v.object({
    kind: v.literal("call"),
    call: logCall,
    outcome: v.string(), // what was found: "started", "adopted", "gone", "installed", ...
    ok: v.boolean(),
    ms: v.optional(v.number()), // by the caller's own clock
    attempt: v.optional(v.number()), // failures in a row before it
    error: v.optional(logError),
    skillKey: v.optional(v.string()), // that it is about
  }),
  v.object({
    kind: v.literal("launch"),
    change: v.union(
      v.literal("requested"),
      v.literal("joined"),
      v.literal("queued"),
      v.literal("creating"),
      v.literal("starting"),
      v.literal("installing"),
      v.literal("ready"),
      v.literal("failed"),
      v.literal("cancelled"),
    ),
    ...skill,
    path: v.optional(v.string()), // instant, hot, wake, cold
    error: v.optional(logError),
    reason: v.optional(v.string()),
  }),
  v.object({ kind: v.literal("consent"), ...skill }),
  v.object({ kind: v.literal("action"), action: logAction }),
  /** A worker fell silent; another goes on with its step. */
  v.object({
    kind: v.literal("takeover"),
    of: v.string(), // the step, "install" or "configure"
  }),
  /** What became of the sandbox of a generation, as the provider knows it. */
  v.object({
    kind: v.literal("remote"),
    change: v.union(
      v.literal("unsettled"),
      v.literal("deleting"),
      v.literal("gone"),
      v.literal("orphan_deleted"),
    ),
  }),
);
export type LogWhat = Infer<typeof logWhat>;
