import { z } from "zod";
import type { ErrorCode } from "@convex/model/errors";
import type { Scope } from "@convex/model/scopes";

/**
 * One route of the HTTP API: how its input is parsed, how its answer is shaped,
 * and what the OpenAPI document says of both.
 */
export type Operation = {
  id: string;
  method: "GET" | "POST" | "DELETE";
  /** Below /api/v1, with `{parameters}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** What a personal token needs, of several one; a signed-in person may do it all. */
  scope: Scope | readonly Scope[];
  query?: z.ZodType;
  body?: { schema: z.ZodType; maxBytes: number };
  answer: { status: 200 | 202; schema: z.ZodType };
  /** Instead of one answer a stream of server-sent events, each of a name. */
  events?: Record<string, z.ZodType>;
  /** Beyond those of every route. */
  failures: ErrorCode[];
  /** Of a POST whose answer must not be kept: a secret. It takes no Idempotency-Key. */
  secret?: true;
};

/** Any route may answer these. */
export const EVERYWHERE: ErrorCode[] = [
  "bad_request",
  "not_signed_in",
  "scope_missing",
  "rate_limited",
  "internal",
  "provider_busy",
];

/** Whether it may carry an Idempotency-Key, with which it is done once. */
export function isKeyed({ method, secret }: Operation): boolean {
  return method !== "GET" && !secret;
}

export function failuresOf(operation: Operation): ErrorCode[] {
  const keyed: ErrorCode[] = isKeyed(operation) ? ["idempotency_conflict"] : [];
  // Whatever has a body says so of one that is too long (readBody).
  const sized: ErrorCode[] = operation.body ? ["message_too_long"] : [];
  return [
    ...new Set([...EVERYWHERE, ...keyed, ...sized, ...operation.failures]),
  ];
}

/** Keeps the exact schemas in the type, for the handler to be checked against. */
export function operation<const O extends Operation>(definition: O): O {
  return definition;
}

/** The query of a list. */
export const page = (most: number, usual: number) =>
  z.object({
    limit: z.coerce.number().int().min(1).max(most).default(usual),
    cursor: z.string().max(4_000).optional(),
  });
