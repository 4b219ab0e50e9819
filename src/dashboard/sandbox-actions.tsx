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
import { isShared } from "../view/words";
import { ReplaceDialog } from "./replace-dialog";

/** A stranger can name a skill as another's is named, so the whole of its key. */
function deleteTitle(sandbox: SandboxView): string {
  return isShared(sandbox)
    ? "Delete this sandbox?"
    : `Delete the sandbox of ${sandbox.name}?`;
}

type Doing = "start" | "stop" | "replace" | "remove";

/** Stop, start, replace, delete: whichever the state allows. The server says what came of it. */
export function SandboxActions({ sandbox }: { sandbox: SandboxView }) {
  const start = useMutation(api.sandboxes.start);
  const stop = useMutation(api.sandboxes.stop);
  const replace = useMutation(api.sandboxes.replace);
  const remove = useMutation(api.sandboxes.remove);
  const { doing, failure, run } = useAttempt<Doing>();
  const [asking, setAsking] = useState<"remove" | "replace" | null>(null);
  const close = () => setAsking(null);
  const { slotId } = sandbox;
  const { state } = sandbox;
  const { status } = state;
  const startable =
    status === "stopped" || (status === "failed" && state.disk === "kept");

  return (
    <>
      <div className="flex flex-wrap gap-2">
        {status === "running" || status === "starting" ? (
          <Button
            size="sm"
            icon="power"
            busy={doing === "stop"}
            onClick={() => void run("stop", stop({ slotId }))}
          >
            Stop
          </Button>
        ) : null}
        {startable ? (
          <Button
            size="sm"
            icon="play"
            busy={doing === "start"}
            onClick={() => void run("start", start({ slotId }))}
          >
            Start
          </Button>
        ) : null}
        {status === "running" || status === "stopped" ? (
          <Button
            size="sm"
            icon="refresh"
            variant={sandbox.restartNeeded ? "primary" : "secondary"}
            onClick={() => setAsking("replace")}
          >
            Replace
          </Button>
        ) : null}
        <Button
          size="sm"
          variant="danger"
          icon="trash"
          disabled={status === "deleting"}
          onClick={() => setAsking("remove")}
        >
          Delete
        </Button>
      </div>
      <FailureLine failure={failure} className="-mt-2 sm:text-right" />
      <ReplaceDialog
        sandbox={sandbox}
        open={asking === "replace"}
        busy={doing === "replace"}
        onClose={close}
        onConfirm={() => void run("replace", replace({ slotId })).then(close)}
      />
      <Confirm
        open={asking === "remove"}
        title={deleteTitle(sandbox)}
        action="Delete sandbox"
        busy={doing === "remove"}
        onClose={close}
        onConfirm={() => void run("remove", remove({ slotId })).then(close)}
      >
        <p>This cannot be undone. What is lost:</p>
        <ul className="mt-2 list-disc space-y-1 pl-5">
          <li>every file the agent made in it, in all sessions</li>
          <li>the agent&rsquo;s own memory of those sessions</li>
          <li>
            {sandbox.skills.length === 0
              ? "what is installed in it"
              : `${plural(sandbox.skills.length, "installed skill")}, which the next launch installs again`}
          </li>
          {sandbox.launching > 0 ? (
            <li>
              {plural(sandbox.launching, "launch", "launches")} under way, which
              will be cancelled
            </li>
          ) : null}
        </ul>
        <p className="mt-3">
          Conversations stay readable. The next launch makes a new sandbox.
        </p>
      </Confirm>
    </>
  );
}
