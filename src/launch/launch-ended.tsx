"use client";

import Link from "next/link";
import type { Failure } from "../data/failure";
import type { LaunchView } from "../data/types";
import { skillPath } from "../routes";
import { useLaunch } from "../skill/use-launch";
import { Button, ButtonLink } from "../ui/button";
import { Callout, FailureCallout } from "../ui/callout";
import { FailureLine } from "../ui/failure-line";
import { FOCUS_HOME } from "../ui/focus-home";
import { LaunchSummary } from "./launch-panel";

/** A launch that did not get there: what happened, what to do, and once more. */
export function LaunchEnded({
  launch,
  failure,
}: {
  launch: LaunchView;
  /** Null for a launch that was cancelled. */
  failure: Failure | null;
}) {
  const actions = (
    <>
      <LaunchAgain
        skillKey={launch.skillKey}
        sha={launch.sha}
        own={launch.own}
      />
      <ButtonLink href={skillPath(launch.link)} size="sm" prefetch={false}>
        The skill&rsquo;s page
      </ButtonLink>
    </>
  );
  return (
    <div
      {...FOCUS_HOME}
      role="group"
      aria-label="How the launch ended"
      className="space-y-3 rounded-lg"
    >
      {failure ? (
        <FailureCallout
          failure={failure}
          quiet
          title="The launch failed"
          actions={actions}
        />
      ) : (
        <Callout
          tone="warn"
          icon="stop"
          title="The launch was cancelled"
          actions={actions}
        >
          {launch.reason} What runs is on{" "}
          <Link href="/dashboard" prefetch={false} className="link">
            the dashboard
          </Link>
          , and stops by itself when nobody uses it. Launch again when you are
          ready.
        </Callout>
      )}
      <LaunchSummary launch={launch} />
    </div>
  );
}

/** The same skill at the same commit, as a new session. */
export function LaunchAgain({
  skillKey,
  sha,
  own,
}: {
  skillKey: string;
  sha: string;
  /** In a sandbox of its own, as before. */
  own: boolean;
}) {
  const { launch, busy, failure } = useLaunch({ skillKey, sha, own });
  return (
    <>
      <Button
        size="sm"
        variant="primary"
        icon="refresh"
        busy={busy}
        onClick={() => void launch()}
      >
        Launch again
      </Button>
      <FailureLine failure={failure} />
    </>
  );
}
