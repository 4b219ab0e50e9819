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

/** The way on from a failed answer: Retry always, Settings where they can help. */
export function FailureActions({
  failure,
  onRetry,
}: {
  failure: Failure;
  onRetry: () => void;
}) {
  return (
    <>
      <Button size="sm" icon="refresh" onClick={onRetry}>
        Retry
      </Button>
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
