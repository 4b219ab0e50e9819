"use client";

import { usePaginatedQuery } from "convex/react";
import { useState } from "react";
import { api } from "@convex/_generated/api";
import type { LogEntry } from "../data/types";
import { RetryBoundary } from "../data/retry-boundary";
import { Button } from "../ui/button";
import { FoldSign } from "../ui/fold-sign";
import { LazyDetails } from "../ui/lazy-details";
import { SkeletonText } from "../ui/skeleton";
import { EntryList } from "./entries";

const PAGE = 50;

/** What happened to a sandbox, newest first, as it happens; read once it is opened. */
export function Activity({ slotId }: { slotId: string }) {
  return (
    <LazyDetails
      summary={
        <summary className="flex items-center gap-1.5 px-5 py-3.5 text-ink-3 hover:text-ink sm:px-6">
          <FoldSign />
          <span className="caption text-inherit">Activity</span>
        </summary>
      }
    >
      <RetryBoundary waiting={<ActivitySkeleton />}>
        <Pages slotId={slotId} />
      </RetryBoundary>
    </LazyDetails>
  );
}

function Pages({ slotId }: { slotId: string }) {
  const { results, status, loadMore } = usePaginatedQuery(
    api.logs.ofSandbox,
    { slotId },
    { initialNumItems: PAGE },
  );
  if (status === "LoadingFirstPage") return <ActivitySkeleton />;
  return (
    <ActivityView
      entries={results}
      more={status === "Exhausted" ? null : () => loadMore(PAGE)}
      loading={status === "LoadingMore"}
    />
  );
}

export function ActivityView({
  entries,
  more,
  loading,
}: {
  entries: LogEntry[];
  /** Null when there are no older ones. */
  more: (() => void) | null;
  loading: boolean;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? entries : entries.filter(({ detail }) => !detail);
  return (
    <>
      <label className="flex items-center gap-2 px-5 py-2 text-[0.8125rem] text-ink-2 sm:px-6">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={all}
          onChange={(event) => setAll(event.target.checked)}
        />
        Show every call and step
      </label>
      {shown.length === 0 ? (
        <p className="px-5 pb-5 text-sm text-ink-3 sm:px-6">
          {more ? "Nothing but calls and steps so far." : "Nothing yet."}
        </p>
      ) : (
        <div
          role="region"
          aria-label="Entries"
          tabIndex={0} // scrolls by keyboard
          className="max-h-96 overflow-y-auto border-t border-line px-2"
        >
          <EntryList entries={shown} />
        </div>
      )}
      {more ? (
        <div className="border-t border-line px-5 py-3 sm:px-6">
          <Button size="sm" busy={loading} onClick={more}>
            Older
          </Button>
        </div>
      ) : null}
    </>
  );
}

function ActivitySkeleton() {
  return (
    <div className="px-5 pt-2 pb-5 sm:px-6">
      <SkeletonText lines={4} />
    </div>
  );
}
