import { statusOf, type Failure } from "./errors";

/** The members every problem document has (RFC 9457), with what Slipway's failures say. */
export function problemBody(fault: Failure) {
  return {
    type: `urn:slipway:problem:${fault.code}`,
    title: titleOf(fault.code),
    status: statusOf(fault),
    detail: fault.message,
    code: fault.code,
    next: fault.next,
    retryable: fault.retryable,
  };
}

/** `Retry-After`, in whole seconds. */
export function retryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

function titleOf(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
