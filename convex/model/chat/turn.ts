import { failure, type Failure } from "../errors";
import { backoff } from "../timing";
import { MAX_SENDS } from "./limits";

/** The decisions about a turn, without a database. */

/** What became of handing a turn to the sandbox. */
export type SendOutcome =
  | { kind: "accepted" }
  | { kind: "unreachable" } // nobody answered, or not yet as ours
  | { kind: "busy" } // an older turn of the session is still running there
  | { kind: "not_installed" } // the disk contradicts our record
  | { kind: "refused"; error: Failure };

export type AfterSend =
  | { next: "run" }
  | { next: "retry"; delay: number; suspect: boolean }
  | { next: "reinstall" }
  | { next: "fail"; error: Failure; suspect: boolean };

/** What to do about an outcome; `attempt` counts the tries before this one. */
export function afterSend(attempt: number, outcome: SendOutcome): AfterSend {
  const suspect = outcome.kind === "unreachable";
  const again = (error: Failure): AfterSend =>
    attempt + 1 < MAX_SENDS
      ? { next: "retry", delay: backoff(attempt + 1), suspect }
      : { next: "fail", error, suspect };
  switch (outcome.kind) {
    case "accepted":
      return { next: "run" };
    case "not_installed":
      return { next: "reinstall" };
    case "refused":
      return { next: "fail", error: outcome.error, suspect };
    case "busy":
      return again(
        failure("agent_lost", "The agent is still busy with an older message."),
      );
    case "unreachable":
      return again(failure("agent_lost", "The sandbox could not be reached."));
  }
}

/** What the records say of the sandbox a turn waits for. */
export type Place = {
  slot:
    | "empty"
    | "queued"
    | "replacing"
    | "creating"
    | "starting"
    | "running"
    | "stopping"
    | "stopped"
    | "deleting"
    | "failed";
  /** Since when a user's stop or delete is under way, in ms. */
  since: number;
  config: "clean" | "pending";
  /** Somebody's launch will bring it up. */
  launching: boolean;
};

export type Prospect =
  | { kind: "go" } // turns can be handed over
  | { kind: "wait" }
  | { kind: "wake" } // ask for the sandbox, then wait
  | { kind: "never"; error: Failure };

/** What a turn that was asked for at `askedAt` can expect of its sandbox. */
export function prospect(place: Place, askedAt: number): Prospect {
  switch (place.slot) {
    case "running":
      return { kind: place.config === "clean" ? "go" : "wait" };
    case "queued":
    case "replacing":
    case "creating":
    case "starting":
      return { kind: "wait" };
    case "stopped":
      // Whoever was waiting when a user stopped it was told in "stopping".
      return { kind: "wake" };
    case "stopping":
      return place.launching || askedAt > place.since
        ? { kind: "wait" }
        : {
            kind: "never",
            error: failure(
              "sandbox_not_running",
              "The sandbox was stopped before the agent could answer.",
            ),
          };
    case "deleting":
    case "empty":
    case "failed":
      return place.launching
        ? { kind: "wait" }
        : {
            kind: "never",
            error: failure(
              "sandbox_lost",
              "The sandbox of this conversation is gone.",
            ),
          };
  }
}
