import {
  failure,
  statusOf,
  type ErrorCode,
  type Failure,
} from "@convex/model/errors";
import { problemBody, retryAfter } from "@convex/model/problem";

/** When to come back, where the failure does not say. */
const RETRY_AFTER_MS = 5_000;

/** Statuses whose answers always say in `Retry-After` when to come back. */
export const SAY_WHEN: readonly number[] = [429, 503];

/**
 * A failed answer of the HTTP API, as application/problem+json (RFC 9457) with
 * what every failure of Slipway says: a code, the way on, and whether the same
 * request may succeed later. `extra` adds members, such as `choices`.
 */
export function problem(
  fault: Failure,
  extra: Record<string, unknown> = {},
): Response {
  const status = statusOf(fault);
  const headers = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
  });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  const usual = SAY_WHEN.includes(status) ? RETRY_AFTER_MS : undefined;
  const wait = fault.retryAfterMs ?? usual;
  if (wait !== undefined) {
    headers.set("retry-after", retryAfter(wait));
  }
  const body = { ...problemBody(fault), ...extra };
  return new Response(JSON.stringify(body), { status, headers });
}

/** A failure of this API's own making, thrown through a handler. */
export class ApiError extends Error {
  readonly failure: Failure;
  readonly extra: Record<string, unknown>;

  constructor(
    code: ErrorCode,
    message: string,
    extra: Record<string, unknown> = {},
  ) {
    super(message);
    this.failure = failure(code, message);
    this.extra = extra;
  }
}
