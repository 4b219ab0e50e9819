"use client";

import { useMutation } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "@convex/_generated/api";
import type { SandboxView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";

/** How long it is said that a look was asked for, in ms: as long as one may take. */
const SAID_FOR = 25_000;

/**
 * Has a running sandbox looked at now, rather than within the minute. What is
 * found comes with the records: the card says it where it differs.
 */
export function CheckNow({
  sandbox: { slotId, state },
}: {
  sandbox: Pick<SandboxView, "slotId" | "state">;
}) {
  const look = useMutation(api.sandboxes.look);
  const { doing, failure, run } = useAttempt<"look">();
  const [asked, setAsked] = useState(false);

  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), SAID_FOR);
    return () => clearTimeout(timer);
  }, [asked]);

  if (state.status !== "running") return null;
  return (
    <div className="text-xs font-normal">
      <Button
        size="sm"
        variant="ghost"
        className="-ml-2.5"
        busy={doing !== null || asked}
        onClick={() => void run("look", look({ slotId })).then(setAsked)}
      >
        Check now
      </Button>
      <p role="status" className="text-ink-3">
        {asked ? "Asked. If it is not as shown, this changes." : ""}
      </p>
      <FailureLine failure={failure} />
    </div>
  );
}
