import { createHash } from "node:crypto";
import type { Snapshot } from "./snapshots";
import type { SandboxRecord } from "./state/registry";

/** One organization: the emulator has no others. */
export const ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001";

const DESIRED: Partial<Record<SandboxRecord["state"], string>> = {
  creating: "started",
  starting: "started",
  started: "started",
  stopping: "stopped",
  stopped: "stopped",
  destroying: "destroyed",
  destroyed: "destroyed",
};

/** An item of a list: everything but `env`, by which the SDK tells them apart. */
export function listItem(record: SandboxRecord, origin: string) {
  return {
    id: record.id,
    organizationId: ORGANIZATION_ID,
    name: record.name,
    snapshot: record.snapshot,
    user: record.user,
    labels: record.labels,
    public: record.public,
    networkBlockAll: record.networkBlockAll,
    target: record.target,
    cpu: record.cpu,
    gpu: 0,
    memory: record.memory,
    disk: record.disk,
    state: record.state,
    desiredState: DESIRED[record.state],
    ...(record.errorReason === null
      ? {}
      : { errorReason: record.errorReason, recoverable: false }),
    autoStopInterval: record.autoStopInterval,
    autoArchiveInterval: record.autoArchiveInterval,
    autoDeleteInterval: record.autoDeleteInterval,
    createdAt: iso(record.createdAt),
    updatedAt: iso(record.updatedAt),
    lastActivityAt: iso(record.lastActivityAt),
    sandboxClass: "container",
    toolboxProxyUrl: `${origin}/toolbox`,
  };
}

export function sandbox(record: SandboxRecord, origin: string) {
  return { ...listItem(record, origin), env: record.env };
}

export function snapshot(found: Snapshot) {
  return {
    id: snapshotId(found.name),
    organizationId: ORGANIZATION_ID,
    general: true,
    name: found.name,
    state: "active",
    size: null,
    entrypoint: found.entrypoint.length > 0 ? found.entrypoint : null,
    cpu: 1,
    gpu: 0,
    mem: 1,
    disk: 3,
    errorReason: null,
    createdAt: iso(found.createdAt),
    updatedAt: iso(found.createdAt),
    lastUsedAt: null,
    sourceSandboxId: null,
  };
}

/** Stable, and shaped like the uuid it stands for. */
export function snapshotId(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  422: "Unprocessable Entity",
  500: "Internal Server Error",
  502: "Bad Gateway",
};

export function errorBody(status: number, message: string, path: string) {
  return {
    path,
    timestamp: new Date().toISOString(),
    statusCode: status,
    error: REASONS[status] ?? "Error",
    message,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
