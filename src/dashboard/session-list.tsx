"use client";

import { shortSha } from "../data/format";
import type { SessionEntry } from "../data/types";
import { sessionPath } from "../routes";
import Link from "next/link";
import { IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { Age } from "../ui/time";

/** Conversations, newest first; where they can be deleted, each with a button. */
export function SessionList({
  sessions,
  onDelete,
}: {
  sessions: SessionEntry[];
  onDelete?: (session: SessionEntry) => void;
}) {
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      {sessions.map((session) => (
        <li
          key={session.sessionId}
          className="flex items-center transition-colors hover:bg-ink/3"
        >
          <Link
            href={sessionPath(session.sessionId)}
            prefetch={false}
            className="group flex min-w-0 flex-1 items-center gap-3.5 px-4 py-3"
          >
            <Icon name="chat" className="text-ink-3" />
            <span className="min-w-0 flex-1 sm:flex sm:items-center sm:gap-3.5">
              <span className="block min-w-0 flex-1">
                <span className="block truncate font-medium max-sm:line-clamp-2 max-sm:whitespace-normal">
                  {session.title}
                </span>
                <span className="block truncate font-mono text-xs text-ink-3 max-sm:wrap-anywhere max-sm:whitespace-normal">
                  {session.link.replace(/^\//, "")} @ {shortSha(session.sha)}
                </span>
              </span>
              <span className="block text-[0.8125rem] whitespace-nowrap text-ink-3 max-sm:text-xs">
                <Age at={session.createdAt} />
              </span>
            </span>
            <Icon
              name="chevron"
              size={14}
              className="text-ink-3 transition-transform group-hover:translate-x-0.5 max-sm:hidden"
            />
          </Link>
          {onDelete ? (
            <IconButton
              icon="trash"
              label={`Delete session: ${session.title}`}
              className="mr-2 shrink-0"
              onClick={() => onDelete(session)}
            />
          ) : null}
        </li>
      ))}
    </ul>
  );
}
