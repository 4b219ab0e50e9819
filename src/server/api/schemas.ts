import { z } from "zod";
import { MAX_POSITION } from "@convex/model/admission";

/**
 * What the HTTP API answers, field by field: these shape each answer (what is
 * not named here is left out) and make the OpenAPI document. Handlers are
 * checked against them by type, so a record that grows a state or loses a field
 * is a type error here first.
 */

/** A time. The backend's own have fractions, in which one lies after what follows it. */
export const ms = (about: string) =>
  z
    .number()
    .overwrite(Math.floor)
    .int()
    .meta({ description: `${about} Milliseconds since 1970.` });
const id = (about: string) => z.string().meta({ description: about });

/** Components of the document, under these names. */
export const named = z.registry<{ id: string }>();

export function name<Schema extends z.ZodType>(
  id: string,
  schema: Schema,
): Schema {
  named.add(schema, { id });
  return schema;
}

export const failure = name(
  "Failure",
  z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().meta({ description: "What to do about it." }),
    retryable: z.boolean(),
    retryAfterMs: z.number().optional(),
  }),
);

/** RFC 9457, with what every failure of Slipway says. */
export const problem = name(
  "Problem",
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    next: z.string(),
    retryable: z.boolean(),
    choices: z
      .array(
        z.object({
          name: z.string(),
          skill: z.string(),
          description: z.string(),
        }),
      )
      .optional()
      .meta({ description: "Of a link that leads to several skills." }),
  }),
);

/** Of whatever waits for a place. */
export const queue = {
  position: z
    .number()
    .nullable()
    .meta({
      description: `In the queue for a place, from 1; from ${MAX_POSITION} on: at least that. A replacement that waits for its place goes before the queue and has none.`,
    }),
  ownCap: z.number().nullable().meta({
    description:
      "How many places you may have, while you wait because your own sandboxes take them all.",
  }),
};

const step = z.object({
  name: z.string(),
  startedAt: ms("When it began."),
  endedAt: ms("When it ended.").optional(),
  outcome: z.enum(["done", "failed"]).optional(),
  detail: z.string().optional(),
});

export const launch = name(
  "Launch",
  z.object({
    launchId: z.string(),
    sessionId: z.string(),
    slotId: z.string().meta({ description: "Of its sandbox, here." }),
    sandboxId: z
      .string()
      .nullable()
      .meta({ description: "The sandbox provider's own id." }),
    skillKey: z.string(),
    skillName: z.string(),
    sha: z.string(),
    link: z.string(),
    path: z.enum(["instant", "hot", "wake", "cold"]).nullable(),
    state: z.enum([
      "queued",
      "creating",
      "starting",
      "installing",
      "ready",
      "failed",
      "cancelled",
    ]),
    error: failure.optional(),
    reason: z
      .string()
      .optional()
      .meta({ description: "Of one that was cancelled: by what." }),
    createdAt: ms("When it was asked for."),
    readyAt: ms("When it was ready.").nullable(),
    endedAt: ms("When it was ready, failed or cancelled.").nullable(),
    steps: z.array(step),
    ...queue,
    own: z
      .boolean()
      .meta({ description: "In a sandbox that no other skill shares." }),
  }),
);

const logError = z.object({ code: z.string(), message: z.string() });
const ofSkill = { skillKey: z.string(), sha: z.string() };

/** What `convex/model/logEntry` names, as it goes out. */
const logWhat = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("slot"),
    from: z.string(),
    to: z.string(),
    cause: z.string(),
    revision: z.number(),
    strikes: z.number(),
    error: logError.optional(),
  }),
  z.object({
    kind: z.literal("call"),
    call: z.string(),
    outcome: z.string(),
    ok: z.boolean(),
    ms: z.number().optional().meta({ description: "How long it took." }),
    attempt: z.number().optional(),
    error: logError.optional(),
    skillKey: z.string().optional(),
  }),
  z.object({
    kind: z.literal("launch"),
    change: z.string(),
    ...ofSkill,
    path: z.string().optional(),
    error: logError.optional(),
    reason: z.string().optional(),
  }),
  z.object({ kind: z.literal("consent"), ...ofSkill }),
  z.object({ kind: z.literal("action"), action: z.string() }),
  z.object({ kind: z.literal("takeover"), of: z.string() }),
  z.object({ kind: z.literal("remote"), change: z.string() }),
]);

export const logEvent = name(
  "LogEvent",
  z.object({
    eventId: z.string(),
    at: ms("When it was written down; a call began `ms` before."),
    generation: z
      .number()
      .meta({ description: "Which of the place's sandboxes." }),
    launchId: id("Of what concerns one launch alone.").nullable(),
    by: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("slipway") }),
      z.object({ kind: z.literal("browser") }),
      z.object({ kind: z.literal("token"), name: z.string() }),
    ]),
    summary: z.string().meta({ description: "The entry as one line." }),
    detail: z.boolean().meta({
      description: "How something was done, rather than what happened.",
    }),
    what: logWhat,
  }),
);

export const launched = name(
  "Launched",
  z.object({
    launchId: z.string(),
    sessionId: z.string(),
    joined: z
      .boolean()
      .meta({ description: "An equal launch was under way already." }),
    url: z.string().meta({ description: "The conversation's page." }),
  }),
);

export const session = name(
  "Session",
  z.object({
    sessionId: z.string(),
    title: z.string(),
    skillKey: z.string(),
    skillName: z.string(),
    link: z.string(),
    sha: z.string(),
    slotId: id("The sandbox it runs in."),
    createdAt: ms("When it began."),
  }),
);

const part = z.discriminatedUnion("kind", [
  z.object({ seq: z.number(), kind: z.literal("text"), text: z.string() }),
  z.object({ seq: z.number(), kind: z.literal("reasoning"), text: z.string() }),
  z.object({
    seq: z.number(),
    kind: z.literal("tool"),
    callId: z.string(),
    name: z.string(),
    status: z.enum(["running", "done", "failed"]),
    label: z.string().optional(),
    args: z.string().optional(),
    result: z.string().optional(),
    startedAt: ms("When it was called."),
    endedAt: ms("When it answered.").optional(),
  }),
  z.object({ seq: z.number(), kind: z.literal("error"), error: failure }),
]);

export const message = name(
  "Message",
  z.object({
    messageId: z.string(),
    role: z.enum(["user", "assistant"]),
    text: z
      .string()
      .meta({ description: "What was said, without tools and thoughts." }),
    state: z.enum(["done", "queued", "running", "stopped", "failed"]),
    createdAt: ms("When it was sent."),
    parts: z.array(part),
    cut: z.boolean().optional().meta({
      description:
        "Its text and parts are left out, because newer messages filled the page: ask for a smaller one.",
    }),
  }),
);

const skill = name(
  "Skill",
  z.object({
    key: z.string(),
    host: z.string(),
    owner: z.string(),
    repo: z.string(),
    path: z.string(),
    sha: z.string(),
    name: z.string(),
    description: z.string(),
    license: z.string().optional(),
    compatibility: z.string().optional(),
    allowedTools: z.string().optional(),
    secrets: z.array(z.string()).optional().meta({
      description: "Names of the secret values it asks for.",
    }),
    body: z.string().meta({ description: "SKILL.md. Markdown, untrusted." }),
    files: z.array(
      z.object({
        path: z.string(),
        size: z.number(),
        executable: z.boolean(),
      }),
    ),
    moreFiles: z.number().optional().meta({
      description: "How many files it has beside those listed.",
    }),
    totalBytes: z.number(),
    digest: z.string(),
    findings: z.array(
      z.object({
        severity: z.enum(["warning", "error"]),
        line: z.number().optional(),
        message: z.string(),
      }),
    ),
    link: z.string(),
    commitUrl: z.string().optional(),
    createdAt: ms("When this commit was first seen."),
  }),
);

const staleSince = ms(
  "The git host does not answer; this is what it said then.",
).optional();

export const resolved = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("skill"), staleSince, skill }),
  z.object({
    kind: z.literal("choices"),
    staleSince,
    owner: z.string(),
    repo: z.string(),
    sha: z.string(),
    link: z.string(),
    choices: z.array(
      z.object({
        path: z.string(),
        name: z.string(),
        description: z.string(),
        link: z.string(),
      }),
    ),
  }),
]);

export const nextCursor = z.string().nullable().meta({
  description: "Send it as `cursor` for what follows; null: no more.",
});
