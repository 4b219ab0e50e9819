"use client";

import Link from "next/link";
import type { LaunchView } from "../data/types";
import { shortSha } from "../data/format";
import { isUnderWay, PATH_WORDS } from "../launch/phases";
import { sessionPath } from "../routes";
import { cx } from "../ui/cx";
import { Status, type Tone } from "../ui/status";
import { Age, Elapsed } from "../ui/time";
import { barsOf, spanOf } from "./waterfall";

const SAID: Record<LaunchView["state"], { tone: Tone; words: string }> = {
  queued: { tone: "busy", words: "In line" },
  creating: { tone: "busy", words: "Making the sandbox" },
  starting: { tone: "busy", words: "Starting" },
  installing: { tone: "busy", words: "Installing" },
  ready: { tone: "ok", words: "Ready" },
  failed: { tone: "danger", words: "Failed" },
  cancelled: { tone: "neutral", words: "Cancelled" },
};

/** The newest launches, each with its phases as bars, all on the scale of the longest. */
export function LaunchHistory({ launches }: { launches: LaunchView[] }) {
  const scale = Math.max(...launches.map(spanOf));
  return (
    <>
      <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {launches.map((launch) => (
          <li key={launch.launchId}>
            <Link
              href={sessionPath(launch.sessionId)}
              prefetch={false}
              className="block px-4 py-3 transition-colors hover:bg-ink/3"
            >
              <LaunchRow launch={launch} scale={scale} />
            </Link>
          </li>
        ))}
      </ul>
      <Legend />
    </>
  );
}

type Row = { launch: LaunchView; scale: number };

function LaunchRow({ launch, scale }: Row) {
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
      <Waterfall launch={launch} scale={scale} />
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

type Drawn = { look: string; words: string };

/** Colour by phase, so that the same phase is the same in every row. */
const PHASES: Record<string, Drawn> = {
  queue: { look: "bg-ink-3/50", words: "Waiting" },
  create: { look: "bg-accent", words: "Making the sandbox" },
  start: { look: "bg-warn", words: "Starting it" },
  install: { look: "bg-busy", words: "Installing the skill" },
};
const CHECK: Drawn = { look: "bg-ink-3", words: "Looking at what was there" };
const FAILED: Drawn = { look: "bg-danger", words: "Failed" };

/** For the eyes, as the bars are: the times beside them are read out. */
function Legend() {
  return (
    <p
      aria-hidden="true"
      className="mt-2.5 flex flex-wrap gap-x-3.5 gap-y-1 px-1 text-xs text-ink-3"
    >
      {[...Object.values(PHASES), FAILED].map(({ look, words }) => (
        <span key={words} className="inline-flex items-center gap-1.5">
          <span className={cx("h-1.5 w-3 rounded-full", look)} />
          {words}
        </span>
      ))}
    </p>
  );
}

function Waterfall({ launch, scale }: Row) {
  return (
    <span
      aria-hidden="true"
      className="relative my-1.5 block h-1.5 overflow-hidden rounded-full bg-ink/6"
    >
      {barsOf(launch, scale).map((bar) => {
        const phase = PHASES[bar.name] ?? CHECK;
        return (
          <span
            key={bar.name}
            title={phase.words}
            className={cx(
              "absolute inset-y-0 rounded-full",
              bar.failed ? FAILED.look : phase.look,
              bar.open && "animate-breathe",
            )}
            style={{
              left: `${bar.left * 100}%`,
              width: `max(4px, ${bar.width * 100}%)`,
            }}
          />
        );
      })}
    </span>
  );
}
