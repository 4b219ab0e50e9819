import { randomBytes } from "node:crypto";
import type { CreateRequest } from "../http/create-request";
import type { SandboxRecord } from "./registry";

/** The row of a sandbox that is about to be made. */
export function newRecord(
  id: string,
  request: CreateRequest,
  snapshot: string,
  hostUid: number | null,
  minuteMs: number,
): SandboxRecord {
  const now = Date.now();
  const { env, labels, user, target, cpu, memory, disk } = request;
  const { autoStopInterval, autoArchiveInterval, autoDeleteInterval } = request;
  return {
    id,
    name: request.name ?? id,
    state: "creating",
    errorReason: null,
    recoverable: false,
    ...{ snapshot, user, env, labels, target, cpu, memory, disk, hostUid },
    public: request.public,
    networkBlockAll: request.networkBlockAll,
    ...{ autoStopInterval, autoArchiveInterval, autoDeleteInterval },
    destroyAt: destroyAt(request.ttlMinutes, minuteMs, now),
    previewToken: newToken(),
    signed: [],
    ...{ createdAt: now, updatedAt: now, lastActivityAt: now },
  };
}

/** 0 is no end. */
export function destroyAt(
  ttlMinutes: number,
  minuteMs: number,
  now = Date.now(),
): number | null {
  return ttlMinutes === 0 ? null : now + ttlMinutes * minuteMs;
}

export function newToken(): string {
  return randomBytes(24).toString("base64url");
}
