import type { Failure } from "./errors";

/** What a slot is that neither runs nor is on its way: it takes no place. */
export type Resting =
  | { status: "empty" }
  | {
      status: "stopped";
      since: number;
      by: "user" | "provider";
      /** Why it was not started, or was given up; the next move drops it. */
      error?: Failure;
    }
  | {
      status: "failed";
      since: number;
      error: Failure;
      /** The provider still has it, and the disk in it, until its owner deletes it. */
      disk?: "kept";
    };

/** Where it waits from, without the reason, which is of the attempt before this one. */
export function asked(from: Resting): Resting {
  if (from.status !== "stopped") return from;
  const { status, since, by } = from;
  return { status, since, by };
}

/** Back where it was, with why it got no place: of an owner's start no launch or turn would tell. */
export function denied(from: Resting, error: Failure): Resting {
  const startable = from.status === "stopped" || "disk" in from;
  return startable ? { ...from, error } : from;
}
