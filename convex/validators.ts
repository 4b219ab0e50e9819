import { v } from "convex/values";

/** One validator each for what schema, arguments and returns share. */

export const failureValidator = v.object({
  code: v.string(),
  message: v.string(),
  next: v.string(),
  retryable: v.boolean(),
  retryAfterMs: v.optional(v.number()),
});

/** What a personal token is good for (model/scopes). */
export const scope = v.union(
  v.literal("read"),
  v.literal("launch"),
  v.literal("control"),
);

/** What the provider says of a remote, in our words (model/slot). */
export const providerState = v.union(
  v.literal("started"),
  v.literal("starting"),
  v.literal("stopped"),
  v.literal("stopping"),
  v.literal("deleting"),
  v.literal("failed"),
);

/** A slot that neither runs nor is on its way (model/slot `Resting`). */
const restingStates = [
  v.object({ status: v.literal("empty") }),
  v.object({
    status: v.literal("stopped"),
    since: v.number(),
    by: v.union(v.literal("user"), v.literal("provider")),
    error: v.optional(failureValidator),
  }),
  v.object({
    status: v.literal("failed"),
    since: v.number(),
    error: failureValidator,
    disk: v.optional(v.literal("kept")),
  }),
] as const;

/** A sandbox made anew with its files (model/replace). */
const replacing = v.object({
  status: v.literal("replacing"),
  since: v.number(),
  stage: v.union(
    v.literal("wake"),
    v.literal("keep"),
    v.literal("stop"),
    v.literal("delete"),
    v.literal("place"),
    v.literal("create"),
    v.literal("boot"),
    v.literal("restore"),
  ),
  stageSince: v.number(),
  step: v.union(
    v.literal("look"),
    v.literal("start"),
    v.literal("recover"),
    v.literal("claim"),
    v.literal("keep"),
    v.literal("stop"),
    v.literal("delete"),
    v.literal("wait"),
    v.literal("create"),
    v.literal("restore"),
  ),
  error: v.optional(failureValidator),
});

export const slotState = v.union(
  ...restingStates,
  v.object({
    status: v.literal("queued"),
    since: v.number(),
    from: v.union(...restingStates),
    for: v.union(v.literal("launch"), v.literal("owner"), v.literal("replace")),
  }),
  v.object({
    status: v.literal("creating"),
    since: v.number(),
    step: v.union(v.literal("create"), v.literal("claim")),
  }),
  v.object({
    status: v.literal("starting"),
    since: v.number(),
    step: v.union(
      v.literal("look"),
      v.literal("start"),
      v.literal("recover"),
      v.literal("claim"),
    ),
  }),
  v.object({
    status: v.literal("running"),
    since: v.number(),
    error: v.optional(failureValidator),
  }),
  v.object({
    status: v.literal("stopping"),
    since: v.number(),
    step: v.union(v.literal("stop"), v.literal("look")),
    error: v.optional(failureValidator),
  }),
  v.object({
    status: v.literal("deleting"),
    since: v.number(),
    step: v.union(v.literal("delete"), v.literal("look")),
  }),
  replacing,
);

/** One sandbox of those that "Stop all" stopped (model/fleet). */
export const fleetItem = v.object({
  slotId: v.id("slots"),
  state: v.union(
    v.literal("stopping"),
    v.literal("stopped"),
    v.literal("restoring"),
    v.literal("failed"),
  ),
  error: v.optional(failureValidator),
});

export const slotHealth = v.union(
  v.literal("queued"),
  v.literal("replacing"),
  v.literal("ok"),
  v.literal("starting"),
  v.literal("stopping"),
  v.literal("stopped"),
  v.literal("unreachable"),
  v.literal("failed"),
  v.literal("none"),
);

export const agentState = v.object({
  state: v.union(
    v.literal("starting"),
    v.literal("ready"),
    v.literal("unavailable"),
    v.literal("failed"),
    v.literal("insecure"),
  ),
  reason: v.optional(v.string()),
  version: v.optional(v.string()),
});

/** How often skills that had vanished were put back, and since when that is counted. */
export const repairs = v.object({ count: v.number(), since: v.number() });

export const launchPath = v.union(
  v.literal("instant"),
  v.literal("hot"),
  v.literal("wake"),
  v.literal("cold"),
);

export const launchState = v.union(
  v.object({ state: v.literal("queued") }),
  v.object({ state: v.literal("creating") }),
  v.object({ state: v.literal("starting") }),
  v.object({ state: v.literal("installing") }),
  v.object({ state: v.literal("ready"), at: v.number() }),
  v.object({
    state: v.literal("failed"),
    at: v.number(),
    error: failureValidator,
  }),
  v.object({
    state: v.literal("cancelled"),
    at: v.number(),
    reason: v.string(),
  }),
);

export const launchStep = v.object({
  name: v.string(),
  startedAt: v.number(),
  endedAt: v.optional(v.number()),
  outcome: v.optional(v.union(v.literal("done"), v.literal("failed"))),
  detail: v.optional(v.string()),
});

export const skillFile = v.object({
  path: v.string(),
  size: v.number(),
  executable: v.boolean(),
});

export const skillFinding = v.object({
  severity: v.union(v.literal("warning"), v.literal("error")),
  line: v.optional(v.number()),
  message: v.string(),
});

/** Where a repository's default branch stood, or that the host has no such one. */
export const repositoryHead = v.union(
  v.object({
    kind: v.literal("found"),
    owner: v.string(), // as the host names it now: it may have moved
    repo: v.string(),
    branch: v.string(),
    sha: v.string(),
  }),
  v.object({ kind: v.literal("missing") }),
);

/** A skill found in a repository; see convex/model/skills/discover. */
export const listedSkill = v.object({
  path: v.string(),
  name: v.string(),
  description: v.string(),
  listed: v.boolean(),
});

/** What is stored of a skill at a commit, and shown of it. */
export const skillFields = {
  key: v.string(), // host/owner/repo/path
  host: v.string(),
  owner: v.string(),
  repo: v.string(),
  path: v.string(),
  sha: v.string(),
  name: v.string(),
  description: v.string(),
  license: v.optional(v.string()),
  compatibility: v.optional(v.string()),
  allowedTools: v.optional(v.string()),
  body: v.string(),
  files: v.array(skillFile),
  moreFiles: v.optional(v.number()), // not in the list, which has its bounds
  totalBytes: v.number(),
  digest: v.string(),
  findings: v.array(skillFinding),
  secrets: v.optional(v.array(v.string())), // names of the values it asks for
  link: v.string(), // the page's path, "/owner/repo/skill"
  commitUrl: v.optional(v.string()),
};

export const skillView = v.object({ ...skillFields, createdAt: v.number() });

/** Answer of an agent as it grows; parts are rows, so no document is unbounded. */
export const partBody = v.union(
  v.object({ kind: v.literal("text"), text: v.string() }),
  v.object({ kind: v.literal("reasoning"), text: v.string() }),
  v.object({
    kind: v.literal("tool"),
    callId: v.string(),
    name: v.string(),
    status: v.union(
      v.literal("running"),
      v.literal("done"),
      v.literal("failed"),
    ),
    label: v.optional(v.string()),
    args: v.optional(v.string()),
    result: v.optional(v.string()),
    startedAt: v.number(),
    endedAt: v.optional(v.number()),
  }),
  v.object({ kind: v.literal("error"), error: failureValidator }),
);

export const messageState = v.union(
  v.literal("done"),
  v.literal("queued"), // the turn waits for the sandbox or for the turn before
  v.literal("running"),
  v.literal("stopped"),
  v.literal("failed"),
);

/** How far a turn has come, and how much of its allowance is used (model/chat/apply). */
export const turnCursor = v.object({
  next: v.number(), // events taken so far
  seq: v.number(), // of the next part
  chars: v.number(), // written
  cut: v.boolean(),
  failed: v.boolean(),
});

/** What a sandbox said of a turn, once it has been parsed (model/chat/events). */
export const turnEvent = v.union(
  v.object({
    n: v.number(),
    kind: v.union(v.literal("text"), v.literal("reasoning")),
    delta: v.string(),
  }),
  v.object({
    n: v.number(),
    at: v.number(),
    kind: v.literal("tool"),
    callId: v.string(),
    name: v.string(),
    status: v.union(
      v.literal("running"),
      v.literal("done"),
      v.literal("failed"),
    ),
    label: v.optional(v.string()),
    args: v.optional(v.string()),
    result: v.optional(v.string()),
  }),
  v.object({
    n: v.number(),
    kind: v.literal("error"),
    code: v.union(
      v.literal("agent_unavailable"),
      v.literal("model_refused_key"),
      v.literal("model_credit"),
      v.literal("model_rate_limited"),
      v.literal("model_context"),
      v.literal("model_failed"),
      v.literal("agent_lost"),
      v.literal("internal"),
    ),
    message: v.string(),
  }),
  v.object({
    n: v.number(),
    kind: v.literal("end"),
    reason: v.union(
      v.literal("complete"),
      v.literal("stopped"),
      v.literal("failed"),
    ),
  }),
  v.object({ n: v.number(), kind: v.literal("unreadable") }),
);
