"use client";

import { useMutation } from "convex/react";
import { api } from "@convex/_generated/api";
import { useAttempt } from "../data/use-attempt";
import type { SandboxView } from "../data/types";
import { Button } from "../ui/button";
import { Callout } from "../ui/callout";
import { FailureLine } from "../ui/failure-line";
import { Spoken } from "../ui/spoken";
import { queueWords } from "../view/queue";

/** A sandbox that waits for a place: which one in line, why, and the way out. */
export function QueueNotice({
  sandbox,
}: {
  sandbox: Pick<SandboxView, "slotId" | "position" | "ownCap">;
}) {
  const words = queueWords(sandbox);
  return (
    <>
      <Spoken>{words && `${words.title} ${words.text}`}</Spoken>
      {words ? (
        <Callout
          tone="busy"
          title={words.title}
          actions={<LeaveQueue slotId={sandbox.slotId} />}
        >
          {words.text}
        </Callout>
      ) : null}
    </>
  );
}

/** Takes a sandbox out of the queue; it stays as it was before it came. */
export function LeaveQueue({ slotId }: { slotId: string }) {
  const stop = useMutation(api.sandboxes.stop);
  const { doing, failure, run } = useAttempt<"leave">();
  return (
    <>
      <Button
        size="sm"
        busy={doing !== null}
        onClick={() => void run("leave", stop({ slotId }))}
      >
        Leave the queue
      </Button>
      <FailureLine failure={failure} />
    </>
  );
}
