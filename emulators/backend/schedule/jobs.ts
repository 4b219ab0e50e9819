import type { ResolvedFunction } from "../functions/registry";
import type { Runtime } from "../functions/runtime";
import type { TableInfo } from "../store/catalog";
import {
  deleteDocument,
  getDocument,
  insertDocument,
  patchDocument,
} from "../transaction/documents";
import type { Scope } from "../transaction/transaction";
import type { Json, JsonObject } from "../values/json";

export const JOBS = "_scheduled_functions";

export type JobState =
  | { kind: "pending" }
  | { kind: "inProgress" }
  | { kind: "success" }
  | { kind: "failed"; error: string }
  | { kind: "canceled" };

/** A document of `_scheduled_functions`, as `ctx.db.system` shows it. */
export type Job = {
  _id: string;
  _creationTime: number;
  /** "folder/file.js:name" */
  name: string;
  /** The function's component, when that is not the one whose table this is. */
  component?: string;
  args: [Json];
  scheduledTime: number;
  completedTime?: number;
  state: JobState;
};

/** From the SDK's seconds, which are a fraction by now: whole microseconds. */
export function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

/**
 * Puts a function on the schedule of the component that asks (`from`), as part
 * of the scope's transaction.
 */
export function scheduleJob(
  runtime: Runtime,
  scope: Scope,
  job: { from: string; fn: ResolvedFunction; args: Json; atMs: number },
): string {
  const { fn, from } = job;
  if (fn.kind === "query") {
    throw new Error(
      `${fn.path} is a query: only mutations and actions can be scheduled.`,
    );
  }
  scope.transaction.countScheduled();
  return insertDocument(runtime.engine, scope, jobTable(runtime, from), {
    name: fn.path.replace(/:([^:]*)$/, ".js:$1"),
    ...(fn.component === from ? {} : { component: fn.component }),
    args: [job.args],
    scheduledTime: job.atMs,
    state: { kind: "pending" },
  });
}

/** What has not begun will not; what has begun goes on, and stays cancelled. */
export function cancelJob(
  runtime: Runtime,
  scope: Scope,
  component: string,
  id: string,
): void {
  const known = tableOfJob(runtime, id)?.component === component;
  const job = known ? readJob(runtime, scope, id) : null;
  if (job === null) {
    throw new Error(
      `scheduler.cancel: there is no scheduled function "${id}".`,
    );
  }
  if (job.state.kind === "pending" || job.state.kind === "inProgress") {
    setJobState(runtime, scope, id, { kind: "canceled" });
  }
}

export function readJob(
  runtime: Runtime,
  scope: Scope,
  id: string,
): Job | null {
  const table = tableOfJob(runtime, id);
  if (table === null) return null;
  const document = getDocument(scope, table, id);
  return (document?.json ?? null) as Job | null;
}

export function setJobState(
  runtime: Runtime,
  scope: Scope,
  id: string,
  state: JobState,
): void {
  const change: JsonObject = { state };
  if (state.kind !== "pending" && state.kind !== "inProgress") {
    change["completedTime"] = runtime.clock.now();
  }
  const table = tableOfJob(runtime, id);
  if (table === null) throw new Error(`"${id}" is no scheduled function.`);
  patchDocument(runtime.engine, scope, table, id, change);
}

/** The table of the jobs that a component's functions have scheduled. */
export function jobTable(runtime: Runtime, component: string): TableInfo {
  return runtime.engine.catalog.createTable(JOBS, component);
}

export function tableOfJob(runtime: Runtime, id: string): TableInfo | null {
  const table = runtime.engine.catalog.tableOfId(id);
  return table?.name === JOBS ? table : null;
}

/** Removes a finished job's document. */
export function forgetJob(runtime: Runtime, scope: Scope, id: string): void {
  const table = tableOfJob(runtime, id);
  if (table !== null) deleteDocument(scope, table, id);
}
