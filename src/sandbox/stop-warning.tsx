"use client";

import { useMutation } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "@convex/_generated/api";
import type { SandboxView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { Callout } from "../ui/callout";
import { FailureLine } from "../ui/failure-line";
import { Spoken } from "../ui/spoken";
import { Countdown } from "../ui/time";

/**
 * Says that a sandbox is about to be stopped, once the server has announced it,
 * with the time that is left and a way to keep it. Spoken once: the countdown is
 * for the eyes.
 */
export function StopWarning({
  sandbox,
}: {
  sandbox: Pick<SandboxView, "slotId" | "warnedAt" | "autoStopAt">;
}) {
  const { slotId, warnedAt, autoStopAt } = sandbox;
  const warned = warnedAt !== null && autoStopAt !== null;
  return (
    <>
      <Spoken>
        {warned
          ? "This sandbox is about to stop because nobody has written to it for a while. You can keep it running."
          : ""}
      </Spoken>
      {warned ? (
        <Callout
          tone="warn"
          icon="clock"
          title={
            <>
              This sandbox stops in{" "}
              <span aria-hidden="true">
                <Countdown to={autoStopAt} />
              </span>
              <span className="sr-only">a few minutes</span>
            </>
          }
          actions={<KeepRunning key={warnedAt} slotId={slotId} />}
        >
          Nobody has written to it for a while. Its files are kept, and it can
          be started again at any time.
        </Callout>
      ) : null}
    </>
  );
}

/** How long the button waits for the announcement to be withdrawn before it may be pressed again, in ms. */
const PATIENCE = 20_000;

function KeepRunning({ slotId }: { slotId: string }) {
  const keep = useMutation(api.presence.keep);
  const [asked, setAsked] = useState(false);
  const { failure, run } = useAttempt<"keep">();

  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), PATIENCE);
    return () => clearTimeout(timer);
  }, [asked]);

  async function ask() {
    setAsked(true);
    if (!(await run("keep", keep({ slotId })))) setAsked(false);
  }

  return (
    <>
      <Button size="sm" icon="refresh" busy={asked} onClick={() => void ask()}>
        Keep it running
      </Button>
      <FailureLine failure={failure} />
    </>
  );
}
