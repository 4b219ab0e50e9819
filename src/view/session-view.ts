import type { Failure } from "../data/failure";
import type { Read } from "../data/reads";
import type { LaunchView, SandboxView, SessionView } from "../data/types";
import type { AuthState } from "../identity/identity";
import { queueWords } from "./queue";
import { stageWords, type Replacing } from "./replacement";
import { agentTrouble, excerpt } from "./words";

/** Everything a session's page knows at a moment. */
export type SessionRecords = {
  auth: AuthState;
  session: Read<SessionView | null>;
  launch: Read<LaunchView | null>;
  sandbox: Read<SandboxView | null>;
  absence: Absence;
};

/**
 * What it means that there is no record: this tab launched it so recently that
 * it may still be on its way, this tab has shown it before, or neither.
 */
export type Absence = "expected" | "deleted" | "unknown";

/** What the page shows. Every combination of records maps to exactly one (I9). */
export type SessionScreen =
  | { kind: "signed-out" }
  | { kind: "trouble" }
  | { kind: "loading" }
  | { kind: "not-found" }
  | { kind: "deleted" }
  | { kind: "failed"; failure: Failure }
  | {
      kind: "open";
      session: SessionView;
      launch: LaunchPart;
      notice: Notice | null;
      composer: Composer;
    };

export type LaunchPart =
  | { kind: "loading" }
  | { kind: "none" }
  | { kind: "running"; launch: LaunchView }
  | { kind: "ready"; launch: LaunchView }
  | { kind: "failed"; launch: LaunchView; failure: Failure }
  | { kind: "cancelled"; launch: LaunchView };

/** Whether a message can be written, and what becomes of it. */
export type Composer =
  | { kind: "open" }
  | { kind: "queues"; why: string } // it is kept and goes when the sandbox can take it
  | { kind: "closed"; why: string };

export type Notice = {
  tone: "busy" | "warn" | "danger";
  title: string;
  text: string;
  action: "start" | "launch" | "leave" | "dashboard" | null;
  /** The launch that ended says the same, where no answer stands between. */
  repeats?: true;
};

export function sessionScreen(records: SessionRecords): SessionScreen {
  const { auth, session, launch, sandbox, absence } = records;
  if (auth === "signed-out") return { kind: "signed-out" };
  if (auth === "trouble") return { kind: "trouble" };
  if (auth === "loading" || session.status === "loading") {
    return { kind: "loading" };
  }
  if (session.status === "failed") {
    return { kind: "failed", failure: session.failure };
  }
  if (session.value === null) {
    return { kind: ABSENT[absence] };
  }
  const part = launchPart(launch);
  return {
    kind: "open",
    session: session.value,
    launch: part,
    ...circumstances(part, sandbox),
  };
}

const ABSENT = {
  expected: "loading",
  deleted: "deleted",
  unknown: "not-found",
} as const;

export function launchPart(read: Read<LaunchView | null>): LaunchPart {
  if (read.status === "loading") return { kind: "loading" };
  // A conversation can be read without knowing how it was launched.
  if (read.status === "failed" || read.value === null) return { kind: "none" };
  const launch = read.value;
  switch (launch.state) {
    case "queued":
    case "creating":
    case "starting":
    case "installing":
      return { kind: "running", launch };
    case "ready":
      return { kind: "ready", launch };
    case "failed":
      return {
        kind: "failed",
        launch,
        failure: launch.error ?? UNKNOWN_FAILURE,
      };
    case "cancelled":
      return { kind: "cancelled", launch };
  }
}

const UNKNOWN_FAILURE: Failure = {
  code: "internal",
  message: "The launch failed without a reason.",
  next: "Launch again. If it returns, tell the operator.",
  retryable: true,
};

type Circumstances = { notice: Notice | null; composer: Composer };

function circumstances(
  launch: LaunchPart,
  sandbox: Read<SandboxView | null>,
): Circumstances {
  if (launch.kind === "running") {
    const { state: slot, cancellable = false } =
      (sandbox.status === "ready" ? sandbox.value : null) ?? {};
    return {
      // The launch itself says what is going on, but not what takes so long.
      notice:
        slot?.status === "replacing" ? ofReplacing(slot, cancellable) : null,
      composer: { kind: "queues", why: "It is sent when the launch is ready." },
    };
  }
  if (sandbox.status === "loading") {
    return { notice: null, composer: { kind: "open" } };
  }
  if (sandbox.status === "failed" || sandbox.value === null) {
    return {
      notice: {
        tone: "warn",
        title: "The sandbox's state is not known",
        text: "You can still write; the message goes when the sandbox answers.",
        action: null,
      },
      composer: { kind: "open" },
    };
  }
  return ofSandbox(sandbox.value, launch.kind);
}

function ofSandbox(
  sandbox: SandboxView,
  launch: LaunchPart["kind"],
): Circumstances {
  const { state } = sandbox;
  switch (state.status) {
    case "running":
      return ofRunning(sandbox);
    case "queued":
      return {
        notice: {
          tone: "busy",
          ...(queueWords(sandbox) ?? {
            title: "The sandbox waits for a place",
            text: "It starts by itself when one is free.",
          }),
          // What a launch put there may be another conversation's.
          action: state.for === "launch" ? "dashboard" : "leave",
        },
        composer: { kind: "queues", why: "It is sent when the sandbox is up." },
      };
    case "replacing":
      return {
        notice: ofReplacing(state, sandbox.cancellable),
        composer: state.error
          ? { kind: "closed", why: "The replacement has to go on first." }
          : { kind: "queues", why: "It is sent when the sandbox is up." },
      };
    case "creating":
    case "starting":
      return {
        notice: {
          tone: "busy",
          title: "The sandbox is starting",
          text: "What you write now is sent when it is up.",
          action: null,
        },
        composer: { kind: "queues", why: "It is sent when the sandbox is up." },
      };
    case "stopping":
      return {
        notice: {
          tone: "busy",
          title: state.error?.message ?? "The sandbox is stopping",
          text: "Its files are kept. Just write: the sandbox starts again for it.",
          action: null,
        },
        composer: { kind: "queues", why: "The sandbox starts again for it." },
      };
    case "stopped":
      return {
        notice: {
          tone: "warn",
          // Without an error nobody knows why: it was idle, or was stopped by somebody.
          title: state.error?.message ?? "The sandbox is stopped",
          text: `${state.error ? `${state.error.next} ` : ""}Its files are kept. Start it, or just write: sending starts it too.`,
          action: "start",
        },
        composer: { kind: "queues", why: "The sandbox starts again for it." },
      };
    case "deleting":
      return {
        notice: {
          tone: "warn",
          title: "The sandbox is being deleted",
          text: "This conversation stays readable. Launch again to go on in a new one.",
          action: null,
        },
        composer: { kind: "closed", why: "The sandbox is being deleted." },
      };
    case "failed":
      return {
        notice: {
          tone: "danger",
          title: state.error.message,
          text: state.error.next,
          action: "launch",
          ...(launch === "failed" && { repeats: true }),
        },
        composer: { kind: "closed", why: "The sandbox failed. Launch again." },
      };
    case "empty":
      return {
        notice: {
          tone: "warn",
          title: "This conversation's sandbox is gone",
          text: "It stays readable. Launch again to go on in a new sandbox.",
          action: "launch",
          ...((launch === "failed" || launch === "cancelled") && {
            repeats: true,
          }),
        },
        composer: {
          kind: "closed",
          why: "Launch again to talk to the agent.",
        },
      };
  }
}

function ofReplacing(state: Replacing, cancellable: boolean): Notice {
  const { error } = state;
  if (!error) {
    return {
      tone: "busy",
      title: "The sandbox is being replaced",
      text: `Its files move into a new one. Now: ${stageWords(state)}. What you write is sent when it is up.`,
      action: "dashboard",
    };
  }
  const what = cancellable ? "Resume it or give it up" : "Resume it";
  return {
    tone: "warn",
    title: "The replacement of the sandbox halted",
    text: `${error.message} ${what} on the dashboard.`,
    action: "dashboard",
  };
}

function ofRunning(sandbox: SandboxView): Circumstances {
  const open: Composer = { kind: "open" };
  if (sandbox.health === "unreachable") {
    return {
      notice: {
        tone: "warn",
        title: "The sandbox does not answer right now",
        text: "It is being looked at. What you write is sent when it answers.",
        action: null,
      },
      composer: { kind: "queues", why: "It is sent when the sandbox answers." },
    };
  }
  const { agent } = sandbox;
  const trouble = agentTrouble(agent);
  const notice = trouble && {
    title: trouble.title,
    text: `${excerpt(trouble.reason)} ${trouble.next}`,
  };
  switch (agent?.state) {
    case "unavailable":
    case "insecure":
      return {
        notice: notice && { tone: "danger", ...notice, action: "dashboard" },
        composer: { kind: "closed", why: `${trouble?.title ?? "No agent"}.` },
      };
    case "failed":
      return {
        notice: notice && { tone: "warn", ...notice, action: null },
        composer: open,
      };
    case "starting":
      return {
        notice: null, // shown in the header; seconds only
        composer: { kind: "queues", why: "It is sent when the agent is up." },
      };
    case "ready":
    case undefined: // not looked at yet
      return { notice: null, composer: open };
  }
}
