"use client";

import { useMutation, usePaginatedQuery } from "convex/react";
import { useLayoutEffect, useRef, useState } from "react";
import { api } from "@convex/_generated/api";
import { DeleteSessionDialog } from "../chat/delete-session";
import { RetryBoundary } from "../data/retry-boundary";
import type { SessionEntry } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";
import { FOCUS_HOME } from "../ui/focus-home";
import { Empty } from "../ui/panel";
import { SessionList } from "./session-list";
import { RowsSkeleton } from "./skeletons";

const PAGE = 20;

/** All conversations, a page at a time, each with a way to delete it. */
export function Sessions() {
  return (
    <RetryBoundary waiting={<RowsSkeleton />}>
      <Pages />
    </RetryBoundary>
  );
}

function Pages() {
  const { results, status, loadMore } = usePaginatedQuery(
    api.sessions.history,
    {},
    { initialNumItems: PAGE },
  );
  if (status === "LoadingFirstPage") return <RowsSkeleton />;
  return (
    <div>
      <Entries sessions={results} all={status === "Exhausted"} />
      {status !== "Exhausted" ? (
        <Button
          size="sm"
          className="mt-3"
          busy={status === "LoadingMore"}
          onClick={() => loadMore(PAGE)}
        >
          Older
        </Button>
      ) : results.length > PAGE ? (
        <p {...FOCUS_HOME} className="mt-3 text-[0.8125rem] text-ink-3">
          These are all there are.
        </p>
      ) : null}
    </div>
  );
}

/** `all`: none are left to be asked for. */
function Entries({
  sessions,
  all,
}: {
  sessions: SessionEntry[];
  all: boolean;
}) {
  const remove = useMutation(api.sessions.remove);
  const { doing, failure, run } = useAttempt<"remove">();
  const [asked, setAsked] = useState<SessionEntry | null>(null);
  const [deleted, setDeleted] = useState<SessionEntry | null>(null);
  const said = useRef<HTMLParagraphElement>(null);

  // The button that had the focus is gone with its row.
  useLayoutEffect(() => {
    if (deleted) said.current?.focus();
  }, [deleted]);

  async function confirm(session: SessionEntry) {
    const { sessionId } = session;
    const done = remove({ sessionId }).then(() => setDeleted(session));
    await run("remove", done);
    setAsked(null);
  }

  return (
    <>
      <p ref={said} tabIndex={-1} role="status" className="sr-only">
        {deleted ? `Deleted: ${deleted.title}` : ""}
      </p>
      <FailureLine failure={failure} className="mb-2" />
      {sessions.length === 0 && all ? (
        <Empty title="No sessions yet">
          Each launch opens a conversation. It stays here.
        </Empty>
      ) : (
        <SessionList sessions={sessions} onDelete={setAsked} />
      )}
      <DeleteSessionDialog
        title={asked?.title ?? ""}
        open={asked !== null}
        busy={doing !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => {
          if (asked) void confirm(asked);
        }}
      />
    </>
  );
}
