import type { SandboxView } from "../data/types";
import type { Tone } from "../ui/status";

type Said = { tone: Tone; words: string; live: boolean };

/** The one that skills share, or the skill whose own it is. */
export function sandboxName({ name }: Pick<SandboxView, "name">): string {
  return name === "default"
    ? "Your sandbox"
    : name.split("/").at(-1) || "A sandbox";
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
