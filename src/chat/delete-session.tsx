"use client";

import { useMutation } from "convex/react";
import { useState } from "react";
import { api } from "@convex/_generated/api";
import type { SessionEntry } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { Confirm, type Asking } from "../ui/confirm";
import { FailureLine } from "../ui/failure-line";

/** What deleting a session means, before it is done. */
export function DeleteSessionDialog({
  title,
  ...asking
}: Asking & { title: string }) {
  return (
    <Confirm {...asking} title="Delete this session?" action="Delete session">
      <p>
        <span className="font-medium break-words text-ink">{title}</span> cannot
        be brought back. What is lost:
      </p>
      <ul className="mt-2 list-disc space-y-1 pl-5">
        <li>everything you and the agent said in it</li>
        <li>
          what the agent is doing in it right now, and messages that wait for an
          answer
        </li>
        <li>its launches, with how long each step took</li>
      </ul>
      <p className="mt-3">
        Files the agent made stay in the sandbox, and so do other sessions.
      </p>
    </Confirm>
  );
}

/** On the session's own page, which then says that it is deleted. */
export function DeleteSession({
  session: { sessionId, title },
}: {
  session: SessionEntry;
}) {
  const remove = useMutation(api.sessions.remove);
  const { doing, failure, run } = useAttempt<"remove">();
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  return (
    <div className="space-y-2 text-sm">
      <Button
        size="sm"
        variant="danger"
        icon="trash"
        onClick={() => setAsking(true)}
      >
        Delete session
      </Button>
      <FailureLine failure={failure} />
      <DeleteSessionDialog
        title={title}
        open={asking}
        busy={doing !== null}
        onClose={close}
        onConfirm={() => void run("remove", remove({ sessionId })).then(close)}
      />
    </div>
  );
}
