"use client";

import Link from "next/link";
import type { LaunchView } from "../data/types";
import { shortSha } from "../data/format";
import { isUnderWay, PATH_WORDS } from "../launch/phases";
import { sessionPath } from "../routes";
import { cx } from "../ui/cx";
import { Status, type Tone } from "../ui/status";
import { Age, Elapsed } from "../ui/time";
import { barsOf } from "./waterfall";

const SAID: Record<LaunchView["state"], { tone: Tone; words: string }> = {
  queued: { tone: "busy", words: "In line" },
  creating: { tone: "busy", words: "Making the sandbox" },
  starting: { tone: "busy", words: "Starting" },
  installing: { tone: "busy", words: "Installing" },
  ready: { tone: "ok", words: "Ready" },
  failed: { tone: "danger", words: "Failed" },
  cancelled: { tone: "neutral", words: "Cancelled" },
};

/** The newest launches, each with its phases as bars over its own time. */
export function LaunchHistory({ launches }: { launches: LaunchView[] }) {
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      {launches.map((launch) => (
        <li key={launch.launchId}>
          <Link
            href={sessionPath(launch.sessionId)}
            prefetch={false}
            className="block px-4 py-3 transition-colors hover:bg-ink/3"
          >
            <LaunchRow launch={launch} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function LaunchRow({ launch }: { launch: LaunchView }) {
  const said = SAID[launch.state];
  return (
    <>
      <span className="flex items-center justify-between gap-4">
        <span className="min-w-0 truncate">
          <span className="font-medium">{launch.skillName}</span>{" "}
          <span className="font-mono text-xs text-ink-3">
            {shortSha(launch.sha)}
          </span>
        </span>
        <Status tone={said.tone} live={isUnderWay(launch)}>
          {said.words}
        </Status>
      </span>
      <Waterfall launch={launch} />
      <span className="flex items-center justify-between gap-4 text-xs text-ink-3">
        <span className="truncate">
          {launch.error
            ? launch.error.message
            : launch.path
              ? PATH_WORDS[launch.path]
              : "Not decided yet"}
        </span>
        <span className="whitespace-nowrap">
          <span className="font-mono">
            <Elapsed from={launch.createdAt} to={launch.endedAt} />
          </span>
          {" · "}
          <Age at={launch.createdAt} />
        </span>
      </span>
    </>
  );
}

/** Colour by phase, so that the same phase is the same in every row. */
const PHASES: Record<string, string> = {
  queue: "bg-ink-3/50",
  create: "bg-accent",
  start: "bg-warn",
  install: "bg-busy",
};

function Waterfall({ launch }: { launch: LaunchView }) {
  return (
    <span
      aria-hidden="true"
      className="relative my-1.5 block h-1.5 overflow-hidden rounded-full bg-ink/6"
    >
      {barsOf(launch).map((bar) => (
        <span
          key={bar.name}
          title={bar.name}
          className={cx(
            "absolute inset-y-0 rounded-full",
            bar.failed ? "bg-danger" : (PHASES[bar.name] ?? "bg-ink-3"),
            bar.open && "animate-breathe",
          )}
          style={{
            left: `${bar.left * 100}%`,
            width: `max(4px, ${bar.width * 100}%)`,
          }}
        />
      ))}
    </span>
  );
}
