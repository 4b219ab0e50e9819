"use client";

import { useMutation } from "convex/react";
import { useState } from "react";
import { api } from "@convex/_generated/api";
import { plural } from "../data/format";
import type { SandboxView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { FailureLine } from "../ui/failure-line";

const RUNS = ["running", "starting", "creating", "queued"];

/** Stops everything that runs, to be restored later; nothing to press when nothing does. */
export function StopAll({ sandboxes }: { sandboxes: readonly SandboxView[] }) {
  const stopAll = useMutation(api.fleet.stopAll);
  const { doing, failure, run } = useAttempt<"stop">();
  const [asking, setAsking] = useState(false);
  const running = sandboxes.filter(({ state }) => RUNS.includes(state.status));
  if (running.length === 0 && !asking) return null;
  const launching = running.reduce((sum, { launching: n }) => sum + n, 0);
  return (
    <>
      <Button size="sm" icon="power" onClick={() => setAsking(true)}>
        Stop all
      </Button>
      <FailureLine failure={failure} className="sm:text-right" />
      <Confirm
        open={asking}
        title="Stop all sandboxes?"
        action="Stop all"
        keep="Let them run"
        variant="primary"
        busy={doing !== null}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          void run("stop", stopAll({})).then(() => setAsking(false))
        }
      >
        Their disks are kept, and Restore brings back the ones that ran. What an
        agent is doing right now is interrupted
        {launching > 0
          ? `, and ${plural(launching, "launch", "launches")} under way ${launching === 1 ? "is" : "are"} cancelled`
          : ""}
        .
      </Confirm>
    </>
  );
}
