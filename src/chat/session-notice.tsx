"use client";

import { useMutation } from "convex/react";
import { api } from "@convex/_generated/api";
import type { Failure } from "../data/failure";
import type { SessionView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { LaunchAgain } from "../launch/launch-ended";
import { LeaveQueue } from "../sandbox/queue-notice";
import { Button, ButtonLink } from "../ui/button";
import { Callout } from "../ui/callout";
import { FailureLine } from "../ui/failure-line";
import { Spoken } from "../ui/spoken";
import type { Notice } from "../view/session-view";

type Props = {
  notice: Notice | null;
  modelProblem: Failure | null;
  session: SessionView;
  /** Its sandbox is one that no other skill shares. */
  own: boolean;
};

/** What stands between the person and an answer, with the way on. */
export function SessionNotice(props: Props) {
  const { notice, modelProblem } = props;
  const said = notice
    ? `${notice.title} ${notice.text}`
    : modelProblem && `${modelProblem.message} ${modelProblem.next}`;
  return (
    <>
      <Spoken>{said}</Spoken>
      <Shown {...props} />
    </>
  );
}

function Shown({ notice, modelProblem, session, own }: Props) {
  if (notice) {
    return (
      <Callout
        tone={notice.tone}
        title={notice.title}
        actions={
          notice.action === "start" ? (
            <StartSandbox slotId={session.slotId} />
          ) : notice.action === "launch" ? (
            <LaunchAgain
              skillKey={session.skillKey}
              sha={session.sha}
              own={own}
            />
          ) : notice.action === "leave" ? (
            <LeaveQueue slotId={session.slotId} />
          ) : notice.action === "dashboard" ? (
            <ButtonLink href="/dashboard" size="sm" prefetch={false}>
              Open the dashboard
            </ButtonLink>
          ) : null
        }
      >
        {notice.text}
      </Callout>
    );
  }
  if (modelProblem) {
    return (
      <Callout
        tone="warn"
        icon="key"
        title={modelProblem.message}
        actions={
          <ButtonLink href="/settings" size="sm" prefetch={false}>
            Open settings
          </ButtonLink>
        }
      >
        {modelProblem.next}
      </Callout>
    );
  }
  return null;
}

function StartSandbox({ slotId }: { slotId: string }) {
  const start = useMutation(api.sandboxes.start);
  const { doing, failure, run } = useAttempt<"start">();
  return (
    <>
      <Button
        size="sm"
        icon="play"
        busy={doing !== null}
        onClick={() => void run("start", start({ slotId }))}
      >
        Start it
      </Button>
      <FailureLine failure={failure} />
    </>
  );
}
