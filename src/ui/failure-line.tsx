import type { Failure } from "../data/failure";
import { cx } from "./cx";

/**
 * What became of a press that was refused, and what to do now. Among buttons in a
 * wrapping row it takes a row of its own below all of them, so that none moves.
 * An alert is spoken when it appears: keep it out of other live regions, or it
 * is spoken twice.
 */
export function FailureLine({
  failure,
  className,
}: {
  failure: Failure | null;
  className?: string;
}) {
  if (!failure) return null;
  return (
    <p
      role="alert"
      className={cx(
        "order-last basis-full text-sm break-words text-danger",
        className,
      )}
    >
      {failure.message} {failure.next}
    </p>
  );
}
