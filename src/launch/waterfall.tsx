"use client";

import { api } from "@convex/_generated/api";
import { useRecord } from "../data/use-record";
import type { LaunchView, LogEntry } from "../data/types";
import { EntryList } from "../log/entries";
import { supportText } from "../log/support";
import { CopyButton } from "../ui/copy-button";
import { FoldSign } from "../ui/fold-sign";
import { LazyDetails } from "../ui/lazy-details";
import { Timeline } from "./timeline";

/** A launch's timeline with what its log knows, and the log itself for support. */
export function LaunchWaterfall({ launch }: { launch: LaunchView }) {
  const read = useRecord(api.logs.ofLaunch, { launchId: launch.launchId });
  const entries = read.status === "ready" ? (read.value ?? []) : [];
  return <Waterfall launch={launch} entries={entries} />;
}

export function Waterfall({
  launch,
  entries,
}: {
  launch: LaunchView;
  /** Oldest first; none while they are read, and the phases stand alone. */
  entries: readonly LogEntry[];
}) {
  return (
    <>
      <Timeline launch={launch} entries={entries} />
      {entries.length > 0 ? (
        <LazyDetails
          className="mt-1 text-[0.8125rem]"
          summary={
            <summary className="inline-flex items-center gap-1.5 rounded-md py-1 pr-2 text-ink-3 transition-colors hover:text-ink">
              <FoldSign />
              Details for support
            </summary>
          }
        >
          <div
            role="region"
            aria-label="Entries"
            tabIndex={0} // scrolls by keyboard
            className="mt-1 mb-2 max-h-80 overflow-y-auto rounded-md border border-line"
          >
            <EntryList entries={entries} since={launch.createdAt} />
          </div>
          <CopyButton
            text={supportText(launch, entries)}
            label="Copy the details"
          />
        </LazyDetails>
      ) : null}
    </>
  );
}
