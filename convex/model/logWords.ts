import type { LogCall, LogWhat } from "./logEntry";

/** A log entry as one line for people; the page, the HTTP API and the command line say the same. */
export function tell(what: LogWhat): string {
  switch (what.kind) {
    case "slot":
      return withReason(transition(what.from, what.to), what.error);
    case "call": {
      const call = what.skillKey
        ? `${CALLS[what.call]} ${nameOf(what.skillKey)}`
        : CALLS[what.call];
      const again = what.attempt ? ` (try ${what.attempt + 1})` : "";
      return withReason(`${call}${again}: ${what.outcome}`, what.error);
    }
    case "launch":
      return withReason(launch(what), what.error);
    case "consent":
      return `Agreed to run ${nameOf(what.skillKey)} at ${what.sha.slice(0, 7)}`;
    case "action":
      return ACTIONS[what.action];
    case "takeover":
      return `Nothing was heard of a worker (${what.of}); another goes on`;
    case "remote":
      return REMOTE[what.change];
  }
}

/** Whether an entry is about how it was done, for those who look closely, rather than what happened. */
export function isDetail(what: LogWhat): boolean {
  switch (what.kind) {
    case "call":
      return what.ok;
    case "slot": {
      const status = statusOf(what.to);
      // Mostly there is a place at once.
      const passing = status === "queued" || status === statusOf(what.from);
      return passing && !what.error;
    }
    case "launch":
      return ["queued", "creating", "starting", "installing"].includes(
        what.change,
      );
    default:
      return false;
  }
}

function withReason(line: string, error: { message: string } | undefined) {
  return error ? `${line}. ${error.message}` : line;
}

/** The status of a state's name: "creating" of "creating/claim". */
function statusOf(state: string): string {
  return state.split("/", 1)[0] ?? state;
}

function transition(from: string, to: string): string {
  const status = statusOf(to);
  return statusOf(from) === status && from !== to
    ? `${from} → ${to}`
    : (STATUSES[status] ?? status);
}

const STATUSES: Record<string, string | undefined> = {
  empty: "There is no sandbox any more",
  queued: "In line for a place",
  creating: "The sandbox is being made",
  starting: "The sandbox is being started",
  running: "The sandbox is running",
  stopping: "The sandbox is being stopped",
  stopped: "The sandbox is stopped",
  replacing: "The sandbox is being replaced",
  deleting: "The sandbox is being deleted",
  failed: "The sandbox failed",
};

const CALLS: Record<LogCall, string> = {
  create: "Create at the provider",
  look: "Look at the provider",
  start: "Start at the provider",
  recover: "Recover at the provider",
  claim: "Write the keys",
  stop: "Stop at the provider",
  delete: "Delete at the provider",
  keep: "Keep the files",
  restore: "Restore the files",
  install: "Install",
  uninstall: "Remove",
  configure: "Configure the agent",
  probe: "Check",
  send: "Hand a message to the agent",
  pull: "Ask the agent for its answer",
  halt: "Tell the agent to stop",
};

const ACTIONS: Record<Extract<LogWhat, { kind: "action" }>["action"], string> =
  {
    start: "Start asked for",
    stop: "Stop asked for",
    delete: "Deletion asked for",
    extend: "More time asked for",
    replace: "Replacement asked for",
    resume_replace: "Replacement resumed",
    cancel_replace: "Replacement called off",
    stop_all: "Stop of all sandboxes asked for",
    restore: "Restore asked for",
    decline_restore: "Restore declined",
  };

const REMOTE: Record<Extract<LogWhat, { kind: "remote" }>["change"], string> = {
  unsettled: "A create had no answer and may still land; it is watched",
  deleting: "A sandbox given up is being deleted",
  gone: "A sandbox given up is gone at the provider",
  orphan_deleted: "A sandbox that no record wanted was deleted",
};

function launch(what: Extract<LogWhat, { kind: "launch" }>): string {
  const name = nameOf(what.skillKey);
  switch (what.change) {
    case "requested":
      return `Launch of ${name} asked for${what.path ? ` (${what.path})` : ""}${because(what.reason)}`;
    case "joined":
      return `Launch of ${name} joined`;
    case "ready":
      return `${name} is ready`;
    case "failed":
      return `Launch of ${name} failed`;
    case "cancelled":
      return `Launch of ${name} cancelled${because(what.reason)}`;
    default:
      return `Launch of ${name}: ${what.change}`;
  }
}

function because(reason: string | undefined): string {
  return reason ? `. ${reason}` : "";
}

function nameOf(skillKey: string): string {
  return skillKey.slice(skillKey.lastIndexOf("/") + 1);
}
