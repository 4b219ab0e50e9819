"use client";

import { useMutation } from "convex/react";
import { useState } from "react";
import { api } from "@convex/_generated/api";
import { givenUpAt, isOldThere } from "@convex/model/replaceStages";
import type { SandboxView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Sign } from "../launch/timeline";
import { Button } from "../ui/button";
import { Callout } from "../ui/callout";
import { Confirm } from "../ui/confirm";
import { cx } from "../ui/cx";
import { FailureLine } from "../ui/failure-line";
import { Spoken } from "../ui/spoken";
import { Elapsed, Left } from "../ui/time";
import { stagesOf, stageWords, type Replacing } from "../view/replacement";

/** A sandbox being made anew: how far it is, and the way on where it came to a halt. */
export function Replacement({
  sandbox,
  state,
}: {
  sandbox: SandboxView;
  state: Replacing;
}) {
  const { error } = state;
  const attempt = useAttempt<Doing>();
  const giveUp = sandbox.cancellable ? (
    <GiveUp sandbox={sandbox} state={state} attempt={attempt} />
  ) : null;
  const refused = (
    <FailureLine
      failure={attempt.failure}
      className={error ? undefined : "sm:text-right"}
    />
  );
  return (
    <div className="border-t border-line px-5 py-4 sm:px-6">
      <Spoken>
        {error
          ? `The replacement came to a halt: ${error.message}`
          : `Replacing: ${stageWords(state)}`}
      </Spoken>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <Stages state={state} />
        {error ? null : giveUp}
        {error ? null : refused}
      </div>
      {error ? (
        <div className="mt-3">
          <Callout
            tone="warn"
            title={error.message}
            actions={
              <>
                <Resume slotId={sandbox.slotId} attempt={attempt} />
                {giveUp}
                {refused}
              </>
            }
          >
            {isOldThere(state) ? (
              <>
                Nothing is lost: the sandbox is as it was. It waits for you for{" "}
                <Left to={givenUpAt(state)} /> and is then stopped.{" "}
              </>
            ) : (
              <>
                What was kept is stored for <Left to={givenUpAt(state)} /> more,
                and deleted then.{" "}
              </>
            )}
            {error.next}
          </Callout>
        </div>
      ) : null}
    </div>
  );
}

const WORDS = {
  done: "done",
  failed: "halted",
  running: "under way",
  waiting: "to come",
};

function Stages({ state }: { state: Replacing }) {
  return (
    <ol aria-label="Stages of the replacement" className="min-w-64 flex-1">
      {stagesOf(state).map((stage) => (
        <li
          key={stage.name}
          aria-current={stage.state === "running" ? "step" : undefined}
          className="flex min-h-8 items-center gap-3 text-sm"
        >
          <Sign state={stage.state} words={WORDS[stage.state]} />
          <span
            className={cx(
              "min-w-0 flex-1",
              stage.state === "waiting" && "text-ink-3",
              stage.state === "running" && "font-medium",
            )}
          >
            {stage.label}
          </span>
          {stage.state === "running" ? (
            <span className="font-mono text-xs text-ink-3">
              <Elapsed from={state.stageSince} to={null} />
            </span>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

/** What a halted replacement can be told; the last answer counts for both. */
type Doing = "resume" | "cancel";
type Attempt = ReturnType<typeof useAttempt<Doing>>;

function Resume({
  slotId,
  attempt: { doing, run },
}: {
  slotId: string;
  attempt: Attempt;
}) {
  const resume = useMutation(api.sandboxes.resumeReplace);
  return (
    <Button
      size="sm"
      variant="primary"
      icon="refresh"
      busy={doing === "resume"}
      onClick={() => void run("resume", resume({ slotId }))}
    >
      Resume
    </Button>
  );
}

/** While the old one is there it changes nothing; afterwards files are lost, so it asks. */
function GiveUp({
  sandbox: { slotId },
  state,
  attempt: { doing, run },
}: {
  sandbox: SandboxView;
  state: Replacing;
  attempt: Attempt;
}) {
  const cancel = useMutation(api.sandboxes.cancelReplace);
  const [asking, setAsking] = useState(false);
  const harmless = isOldThere(state);
  // What was agreed to goes along: it may be heard when the old one is gone.
  const give = (withoutFiles: boolean) =>
    void run("cancel", cancel({ slotId, withoutFiles })).then(() =>
      setAsking(false),
    );
  return (
    <>
      <Button
        size="sm"
        busy={doing === "cancel"}
        onClick={harmless ? () => give(false) : () => setAsking(true)}
      >
        {harmless ? "Keep the old one" : "Go on without the files"}
      </Button>
      <Confirm
        open={asking}
        title="Go on without the files?"
        action="Go on without them"
        keep="Keep waiting"
        busy={doing === "cancel"}
        onClose={() => setAsking(false)}
        onConfirm={() => give(true)}
      >
        What was kept of the old sandbox is deleted: the folders of its
        conversations and what the agent remembers. The new sandbox is used as
        it is; skills are installed again when they are launched.
      </Confirm>
    </>
  );
}
