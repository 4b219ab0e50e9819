import { failure, type Failure } from "./errors";
import type { Replacing } from "./replaceStages";

/** What a replacement that comes to nothing says. */

export function unclaimed({ stage }: Replacing): Failure {
  return failure(
    stage === "keep" ? "keep_failed" : "restore_failed",
    "What runs in the sandbox does not accept our key.",
  );
}

/** Of a new sandbox that nobody has gone on with. */
export function unkept(): Failure {
  return {
    ...failure("replace_timed_out", "Its replacement was left alone for days."),
    next: "Start it: it goes on without the former files.",
  };
}

export function mismatch(): Failure {
  return failure(
    "restore_mismatch",
    "What arrived in the new sandbox is not what was kept of the old one.",
  );
}
