import { randomUUID } from "node:crypto";
import type { RequestInfo } from "./context";

/** Request ids are what ties a client's error to a line of the log. */
export function newRequestId(): string {
  return randomUUID().replaceAll("-", "").slice(0, 16);
}

/** A request that came from no client. */
export function ownRequest(): RequestInfo {
  return {
    requestId: newRequestId(),
    ip: null,
    userAgent: null,
    token: null,
    scheduledFunctionId: null,
  };
}
