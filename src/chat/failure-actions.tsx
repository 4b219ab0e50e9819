"use client";

import type { Failure } from "../data/failure";
import { Button, ButtonLink } from "../ui/button";

const SETTINGS = new Set([
  "model_not_set",
  "model_not_allowed",
  "model_refused_key",
  "model_credit",
  "secret_unreadable",
]);

/** Has the agent try once more. */
export function Retry({
  onRetry,
  variant,
}: {
  onRetry: () => void;
  variant?: "ghost";
}) {
  return (
    <Button
      size="sm"
      icon="refresh"
      onClick={onRetry}
      {...(variant && { variant })}
    >
      Retry
    </Button>
  );
}

/** The way on from a failed answer: Retry, and Settings where they can help. */
export function FailureActions({
  failure,
  onRetry,
}: {
  failure: Failure;
  onRetry: (() => void) | null;
}) {
  return (
    <>
      {onRetry ? <Retry onRetry={onRetry} /> : null}
      {SETTINGS.has(failure.code) ? (
        <ButtonLink
          href="/settings"
          size="sm"
          variant="ghost"
          icon="settings"
          prefetch={false}
        >
          Open settings
        </ButtonLink>
      ) : null}
    </>
  );
}
