import { createHash } from "node:crypto";
import type { Snapshot } from "./snapshots";
import { FAILURE, buildState } from "./state/builds";
import type { Build } from "./state/builds";
import type { SandboxRecord, SignedPreview } from "./state/registry";
import { DESIRED } from "./state/states";

/** One organization: the emulator has no others. */
export const ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001";

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
      : { errorReason: record.errorReason, recoverable: record.recoverable }),
    autoStopInterval: record.autoStopInterval,
    autoArchiveInterval: record.autoArchiveInterval,
    autoDeleteInterval: record.autoDeleteInterval,
    ...(record.destroyAt === null
      ? {}
      : { autoDestroyAt: iso(record.destroyAt) }),
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
    ...SNAPSHOT,
    id: snapshotId(found.name),
    general: true,
    name: found.name,
    state: "active",
    entrypoint: found.entrypoint.length > 0 ? found.entrypoint : null,
    ...{ cpu: 1, mem: 1, disk: 3 },
    createdAt: iso(found.createdAt),
    updatedAt: iso(found.createdAt),
  };
}

/** A snapshot that was asked for, as it is at this moment. */
export function build(asked: Build) {
  const state = buildState(asked);
  const { id, name, entrypoint, cpu, memory, disk, dockerfile } = asked;
  const createdAt = iso(asked.createdAt);
  const updatedAt = createdAt;
  return {
    ...SNAPSHOT,
    ...{ id, general: false, name, state, cpu, mem: memory, disk },
    entrypoint: entrypoint.length > 0 ? entrypoint : null,
    errorReason: state === "build_failed" ? FAILURE : null,
    ...{ createdAt, updatedAt },
    buildInfo: {
      ...{ dockerfileContent: dockerfile, createdAt, updatedAt },
      snapshotRef: `local/${name}`,
    },
  };
}

const SNAPSHOT = {
  organizationId: ORGANIZATION_ID,
  size: null,
  gpu: 0,
  errorReason: null,
  lastUsedAt: null,
  sourceSandboxId: null,
};

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
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

export function errorBody(
  status: number,
  message: string,
  path: string,
  code?: string,
) {
  return {
    path,
    timestamp: new Date().toISOString(),
    statusCode: status,
    error: REASONS[status] ?? "Error",
    message,
    ...(code === undefined ? {} : { code }),
  };
}

/** The token is in the address itself: whoever has the address may look. */
export function signedPreview(
  { id }: SandboxRecord,
  { port, token }: SignedPreview,
  origin: string,
) {
  const url = `${origin}/signed/${port}-${token}`;
  return { sandboxId: id, port, token, url };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
