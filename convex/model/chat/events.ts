import { z } from "zod";
import type { ErrorCode } from "../errors";
import {
  CHARS_PER_WRITE,
  EVENTS_PER_WRITE,
  MAX_EVENTS,
  TOOL_ARGS_CHARS,
  TOOL_RESULT_CHARS,
  TURN_CHARS,
} from "./limits";

/**
 * What a sandbox says of a turn. It is not trusted: numbers are checked, text
 * is made storable and bounded, and an event we cannot read is counted but
 * otherwise ignored, so that it cannot stall the numbered stream.
 */
export type TurnEvent =
  | { n: number; kind: "text" | "reasoning"; delta: string }
  | {
      n: number;
      at: number;
      kind: "tool";
      callId: string;
      name: string;
      status: "running" | "done" | "failed";
      label?: string;
      args?: string;
      result?: string;
    }
  | { n: number; kind: "error"; code: AgentErrorCode; message: string }
  | { n: number; kind: "end"; reason: EndReason }
  | { n: number; kind: "unreadable" };

export type EndReason = "complete" | "stopped" | "failed";

/** The failures an agent may report; any other code reads as `internal`. */
export const AGENT_ERRORS = [
  "agent_unavailable",
  "model_refused_key",
  "model_credit",
  "model_rate_limited",
  "model_context",
  "model_failed",
  "agent_lost",
  "internal",
] as const satisfies ErrorCode[];
export type AgentErrorCode = (typeof AGENT_ERRORS)[number];

const MAX_ERROR = 1_000;

// A lone surrogate is valid JSON, but no stored string: it would fail the write.
const words = (max: number) =>
  z.string().transform((text) => clip(text.toWellFormed(), max));
const number = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const readable = z.discriminatedUnion("kind", [
  z.object({
    n: number,
    kind: z.enum(["text", "reasoning"]),
    delta: words(TURN_CHARS),
  }),
  z.object({
    n: number,
    at: z.number().catch(0),
    kind: z.literal("tool"),
    callId: words(200).refine((id) => id !== ""),
    name: words(100),
    status: z.enum(["running", "done", "failed"]),
    label: words(300).optional().catch(undefined),
    args: z
      .unknown()
      .transform((args) => asText(args, TOOL_ARGS_CHARS))
      .optional(),
    result: z
      .unknown()
      .transform((result) => asText(result, TOOL_RESULT_CHARS))
      .optional(),
  }),
  z.object({
    n: number,
    kind: z.literal("error"),
    code: z.enum(AGENT_ERRORS).catch("internal"),
    message: words(MAX_ERROR).catch("The agent reported a failure."),
  }),
  z.object({
    n: number,
    kind: z.literal("end"),
    reason: z.enum(["complete", "stopped", "failed"]).catch("failed"),
  }),
]);

const numbered = z.looseObject({ n: number });

/**
 * A batch of events without gaps, or null where it is not one. Of a very long
 * one only the first: whoever has the rest sends it again.
 */
export function parseEvents(from: number, raw: unknown): TurnEvent[] | null {
  const first = Array.isArray(raw) ? raw.slice(0, MAX_EVENTS) : raw;
  const list = z.array(numbered).safeParse(first);
  if (!list.success) return null;
  if (list.data.some(({ n }, index) => n !== from + index)) return null;
  return list.data.map((item) => {
    const event = readable.safeParse(item);
    if (!event.success) return { n: item.n, kind: "unreadable" };
    return dropUndefined(event.data);
  });
}

const pushed = z.object({
  turnId: z.string().min(1).max(128),
  from: number,
  events: z.unknown(),
});

/** The body of a push, or null where it is not one. */
export function parsePush(
  body: unknown,
): { turnId: string; from: number; events: TurnEvent[] } | null {
  const envelope = pushed.safeParse(body);
  if (!envelope.success) return null;
  const { turnId, from } = envelope.data;
  const events = parseEvents(from, envelope.data.events);
  return events && { turnId, from, events };
}

const pulled = z.object({
  state: z.enum(["running", "ended"]),
  next: number,
  events: z.unknown(),
});

/** The answer to a pull from number `from`, or null where it is not one. */
export function parsePulled(
  from: number,
  body: unknown,
): { ended: boolean; events: TurnEvent[] } | null {
  const answer = pulled.safeParse(body);
  if (!answer.success) return null;
  const { state, events: raw } = answer.data;
  const events = parseEvents(from, raw);
  if (!events) return null;
  const whole = Array.isArray(raw) && events.length === raw.length;
  return { ended: state === "ended" && whole, events };
}

/** Splits a batch into what one mutation may take; at least one, maybe empty. */
export function piecesOf(events: TurnEvent[]): TurnEvent[][] {
  const pieces: TurnEvent[][] = [[]];
  let chars = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    const last = pieces.at(-1);
    const full =
      !last ||
      last.length >= EVENTS_PER_WRITE ||
      (last.length > 0 && chars + size > CHARS_PER_WRITE);
    chars = full ? size : chars + size;
    if (full) pieces.push([event]);
    else last.push(event);
  }
  return pieces;
}

/** Cuts at `max` UTF-16 units without splitting a character, and says so. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function asText(value: unknown, max: number): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "string" ? value : written(value);
  return clip(text.toWellFormed(), max);
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // What can be parsed may still be nested too deeply to be written.
    if (error instanceof RangeError) return "(unreadable)";
    throw error;
  }
}

/** Convex takes an absent field, not one that is undefined inside an array. */
function dropUndefined<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as T;
}
