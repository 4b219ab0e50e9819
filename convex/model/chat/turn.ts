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
  | { next: "retry"; attempt: number; delay: number; suspect: boolean }
  | { next: "reinstall" }
  | { next: "fail"; error: Failure; suspect: boolean };

/**
 * What to do about an outcome; `tries` counts those before this one. While the
 * provider is stopping the sandbox (`leaving`) nobody answers, and nothing is
 * wrong: the turn goes once it is started again, or fails by its deadline.
 */
export function afterSend(
  tries: number,
  outcome: SendOutcome,
  leaving: boolean,
): AfterSend {
  const suspect = outcome.kind === "unreachable";
  // With one to spare, for a sender that dies meanwhile.
  const before = leaving && suspect ? Math.min(tries, MAX_SENDS - 3) : tries;
  const attempt = before + 1;
  const again = (error: Failure): AfterSend =>
    attempt < MAX_SENDS
      ? { next: "retry", attempt, delay: backoff(attempt), suspect }
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
  /** Its replacement came to a halt: only its owner can go on with it. */
  halted: boolean;
  /** It cannot be brought back, and its disk is kept all the same. */
  broken: boolean;
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
    case "replacing":
      return place.halted
        ? {
            kind: "never",
            error: failure(
              "replace_halted",
              "The replacement of this sandbox came to a halt.",
            ),
          }
        : { kind: "wait" };
    case "queued":
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
            error: place.broken
              ? failure("sandbox_broken", "The sandbox cannot be used.")
              : failure(
                  "sandbox_lost",
                  "The sandbox of this conversation is gone.",
                ),
          };
  }
}
