"use client";

import { useNow } from "../data/clock";
import { formatMs } from "../data/format";
import type { LogEntry } from "../data/types";
import { cx } from "../ui/cx";
import { Chip } from "../ui/status";
import { whoOf } from "./support";

/** Entries of a log, in the order given. */
export function EntryList({
  entries,
  since,
}: {
  entries: readonly LogEntry[];
  /** When it began, ms: times are told from there; without it, as ages. */
  since?: number;
}) {
  return (
    <ol className="@container divide-y divide-line">
      {entries.map((entry) => (
        <Row key={entry.eventId} entry={entry} since={since} />
      ))}
    </ol>
  );
}

const DAY_MS = 86_400_000;
const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const date = new Intl.DateTimeFormat("en-GB", {
  ...{ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
});

/** The time of day where the reader is, with the date once that is not plain. */
function When({ at }: { at: number }) {
  const now = useNow(60_000); // null until the browser, whose zone it is, has taken over
  const exact = new Date(at).toISOString();
  const said = now !== null && now - at < DAY_MS / 2 ? time : date;
  return (
    <time dateTime={exact} title={exact} className="tabular">
      {now === null ? "…" : said.format(at)}
    </time>
  );
}

function Row({ entry, since }: { entry: LogEntry; since?: number }) {
  const { at, what, summary, detail } = entry;
  const who = whoOf(entry);
  const failed =
    ("ok" in what && !what.ok) || ("error" in what && what.error !== undefined);
  const ms = "ms" in what ? what.ms : undefined;
  return (
    <li className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 px-3 py-2 text-[0.8125rem] @md:flex-nowrap @md:px-4">
      <span className="w-24 shrink-0 text-xs text-ink-3">
        {since === undefined ? (
          <When at={at} />
        ) : (
          <span className="font-mono">
            +{(Math.max(0, at - since) / 1000).toFixed(2)} s
          </span>
        )}
      </span>
      <span className="order-last w-full min-w-0 @md:order-none @md:w-auto @md:flex-1">
        <span
          aria-hidden="true"
          className={cx(
            "mr-2 inline-block size-1.5 rounded-full align-middle",
            failed ? "bg-danger" : detail ? "bg-line-strong" : "bg-ink-3",
          )}
        />
        {failed ? <span className="sr-only">failed: </span> : null}
        <span
          className={cx(
            "break-words",
            failed ? "text-danger" : detail ? "text-ink-3" : "text-ink",
          )}
        >
          {summary}
        </span>
      </span>
      <span className="ml-auto flex items-baseline gap-2">
        {who ? <Chip>{who}</Chip> : null}
        {ms === undefined ? null : (
          <span className="font-mono text-xs whitespace-nowrap text-ink-3">
            {formatMs(ms)}
          </span>
        )}
      </span>
    </li>
  );
}
