import { z } from "zod";

/** What the commands use of the API's answers; the rest goes through to --json. */

const fault = z.looseObject({
  code: z.string(),
  message: z.string(),
  next: z.string(),
});

/** Left out by a server that has no queue. */
const queue = {
  position: z.number().nullish(),
  ownCap: z.number().nullish(),
};
export type Queue = { [Key in keyof typeof queue]?: number | null | undefined };

export const launched = z.looseObject({
  launchId: z.string(),
  sessionId: z.string(),
  joined: z.boolean(),
  url: z.string(),
});

export const launch = z.looseObject({
  launchId: z.string(),
  sessionId: z.string(),
  state: z.string(),
  path: z.string().nullable(),
  link: z.string(),
  error: fault.optional(),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  ...queue,
  steps: z.array(
    z.looseObject({
      name: z.string(),
      startedAt: z.number(),
      endedAt: z.number().optional(),
      outcome: z.string().optional(),
      detail: z.string().optional(),
    }),
  ),
});
export type Launch = z.infer<typeof launch>;

export const sandbox = z.looseObject({
  slotId: z.string(),
  name: z.string(),
  health: z.string(),
  state: z.looseObject({
    status: z.string(),
    stage: z.string().optional(),
    error: fault.optional(),
  }),
  skills: z.array(z.looseObject({ name: z.string() })),
  ...queue,
  restartNeeded: z.boolean().optional(),
});
export type Sandbox = z.infer<typeof sandbox>;

/** One of those that `stop --all` stopped. */
export const restoreItem = z.looseObject({
  slotId: z.string(),
  name: z.string(),
  state: z.string(),
  error: fault.optional(),
});
export type RestoreItem = z.infer<typeof restoreItem>;

export const session = z.looseObject({
  sessionId: z.string(),
  title: z.string(),
  link: z.string(),
  createdAt: z.number(),
});

export const message = z.looseObject({
  messageId: z.string(),
  role: z.string(),
  text: z.string(),
  state: z.string(),
  parts: z.array(
    z.looseObject({
      seq: z.number(),
      kind: z.string(),
      name: z.string().optional(),
      label: z.string().optional(),
      text: z.string().optional(),
      error: fault.optional(),
    }),
  ),
});
export type Message = z.infer<typeof message>;

export const logEntry = z.looseObject({
  eventId: z.string(),
  at: z.number(),
  by: z.looseObject({ kind: z.string(), name: z.string().optional() }),
  summary: z.string(),
  what: z.looseObject({
    kind: z.string(),
    ok: z.boolean().optional(),
    ms: z.number().optional(),
  }),
});
export type LogEntry = z.infer<typeof logEntry>;

/** To what follows in a list; null, or left out, at its end. */
const nextCursor = z.string().nullish();

export const log = z.object({ events: z.array(logEntry) });
export const launches = z.object({ launches: z.array(launch), nextCursor });
export const restoreSet = z.object({ items: z.array(restoreItem) });
export const sandboxes = z.object({ sandboxes: z.array(sandbox) });
export const sessions = z.object({ sessions: z.array(session), nextCursor });
export const messages = z.object({ messages: z.array(message), nextCursor });
export const anything = z.looseObject({});
