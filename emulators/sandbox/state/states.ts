/** The states this server really goes through (Daytona has more). */
export type SandboxState =
  | "creating"
  | "starting"
  | "started"
  | "stopping"
  | "stopped"
  | "archiving"
  | "archived"
  | "restoring"
  | "destroying"
  | "destroyed"
  | "error";

/** A change under way: no other may begin. */
export const TRANSITIONS: ReadonlySet<SandboxState> = new Set([
  "creating",
  "starting",
  "stopping",
  "archiving",
  "restoring",
  "destroying",
]);

/** Where each is heading, as the wire names it; an error heads nowhere. */
export const DESIRED: Partial<Record<SandboxState, string>> = {
  creating: "started",
  starting: "started",
  restoring: "started",
  started: "started",
  stopping: "stopped",
  stopped: "stopped",
  archiving: "archived",
  archived: "archived",
  destroying: "destroyed",
  destroyed: "destroyed",
};
