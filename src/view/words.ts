import type { SandboxView } from "../data/types";
import type { Tone } from "../ui/status";

type Said = { tone: Tone; words: string; live: boolean };

/** Whether it is the one that skills share; another's name is the key of its skill. */
export function isShared({ name }: Pick<SandboxView, "name">): boolean {
  return name === "default";
}

/** The one that skills share, or the skill whose own it is. */
export function sandboxName(sandbox: Pick<SandboxView, "name">): string {
  return isShared(sandbox)
    ? "Your sandbox"
    : sandbox.name.split("/").at(-1) || "A sandbox";
}

/** A sandbox's state as people read it; its health wins where it knows better. */
export function sandboxWords(sandbox: SandboxView): Said {
  const { status } = sandbox.state;
  switch (status) {
    case "running":
      return sandbox.health === "unreachable"
        ? { tone: "warn", words: "Not answering", live: true }
        : { tone: "ok", words: "Running", live: false };
    case "queued":
      return { tone: "busy", words: "Waiting for a place", live: true };
    case "replacing":
      return sandbox.state.error
        ? { tone: "warn", words: "Replacement halted", live: true }
        : { tone: "busy", words: "Being replaced", live: true };
    case "creating":
      return { tone: "busy", words: "Being made", live: true };
    case "starting":
      return { tone: "busy", words: "Starting", live: true };
    case "stopping":
      return { tone: "busy", words: "Stopping", live: true };
    case "stopped":
      return { tone: "neutral", words: "Stopped", live: false };
    case "deleting":
      return { tone: "warn", words: "Being deleted", live: true };
    case "failed":
      return { tone: "danger", words: "Failed", live: false };
    case "empty":
      return { tone: "neutral", words: "None", live: false };
  }
}

/**
 * What is the matter with the agent, and the way on; null where nothing is. The
 * reason is the sandbox's own words, and may be long.
 */
export function agentTrouble(
  agent: SandboxView["agent"],
): { title: string; reason: string; next: string } | null {
  const reason = agent?.reason ?? "The sandbox gave no reason.";
  switch (agent?.state) {
    case "unavailable":
      return {
        ...{ title: "There is no agent in this sandbox", reason },
        next: "Replace the sandbox on the dashboard. If the new one has none either, tell the operator.",
      };
    case "insecure":
      return {
        ...{ title: "The agent was shut off for safety", reason },
        next: "Delete the sandbox on the dashboard and launch again.",
      };
    case "failed":
      return {
        ...{ title: "The agent stopped unexpectedly", reason },
        next: "It restarts by itself; write to try it.",
      };
    default:
      return null;
  }
}

/** A long text by its beginning and its end, where a program says what went wrong. */
export function excerpt(text: string): string {
  if (text.length <= 300) return text;
  return `${text.slice(0, 120).trimEnd()} … ${text.slice(-160).trimStart()}`;
}

/** The agent inside, once there is a sandbox that runs. Null says nothing. */
export function agentWords(agent: SandboxView["agent"]): Said | null {
  switch (agent?.state) {
    case undefined:
      return null;
    case "starting":
      return { tone: "busy", words: "Agent starting", live: true };
    case "ready":
      return { tone: "ok", words: "Agent ready", live: false };
    case "unavailable":
      return { tone: "danger", words: "No agent", live: false };
    case "failed":
      return { tone: "warn", words: "Agent restarting", live: true };
    case "insecure":
      return { tone: "danger", words: "Agent shut off", live: false };
  }
}
