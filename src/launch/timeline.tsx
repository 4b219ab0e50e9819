"use client";

import { useClock } from "../data/server-clock";
import { formatMs } from "../data/format";
import type { LaunchView, LogEntry } from "../data/types";
import { cx } from "../ui/cx";
import { Icon } from "../ui/icon";
import { Spinner } from "../ui/spinner";
import { Elapsed } from "../ui/time";
import { callsOf, type Call } from "./calls";
import { phasesOf, type Phase } from "./phases";

/**
 * The phases of a launch with the time each took, or has taken so far; with its
 * log, the remote calls each was made of beneath it, as bars over the launch's time.
 */
export function Timeline({
  launch,
  entries = [],
}: {
  launch: LaunchView;
  entries?: readonly LogEntry[];
}) {
  const phases = phasesOf(launch);
  const calls = callsOf(phases, entries);
  const now = useClock(launch.endedAt === null ? 250 : null);
  const from = launch.createdAt;
  const to = Math.max(launch.endedAt ?? now ?? from, from + 1);
  return (
    <ol className="relative">
      {phases.map((phase) => (
        <li key={phase.name} className="py-2 text-sm">
          <div className="flex min-h-6 items-start gap-3">
            <Sign state={phase.state} words={WORDS[phase.state]} />
            <span className="min-w-0 flex-1">
              <span
                className={cx(
                  phase.state === "waiting" && "text-ink-3",
                  phase.state === "running" && "font-medium",
                )}
              >
                {phase.label}
              </span>
              {phase.detail ? (
                <span className="block text-[0.8125rem] break-words text-ink-3">
                  {phase.detail}
                </span>
              ) : null}
            </span>
            <span className="font-mono text-xs leading-6 text-ink-3">
              {phase.startedAt === null ? (
                ""
              ) : (
                <Elapsed from={phase.startedAt} to={phase.endedAt} />
              )}
            </span>
          </div>
          {calls[phase.name]?.length ? (
            <ul className="mt-1 ml-9 space-y-1.5">
              {calls[phase.name]?.map((call) => (
                <CallRow key={call.id} call={call} from={from} to={to} />
              ))}
            </ul>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

function CallRow({ call, from, to }: { call: Call; from: number; to: number }) {
  const part = (at: number) =>
    Math.min(1, Math.max(0, (at - from) / (to - from))) * 100;
  const left = Math.min(part(call.startedAt), 99);
  return (
    <li className="text-[0.8125rem] text-ink-2">
      <span className="flex items-baseline justify-between gap-3">
        <span className={cx("min-w-0", call.failed && "text-danger")}>
          {call.failed ? <span className="sr-only">failed: </span> : null}
          {call.words}
        </span>
        {call.ms === null ? null : (
          <span className="font-mono text-xs whitespace-nowrap text-ink-3">
            {formatMs(call.ms)}
          </span>
        )}
      </span>
      {call.reason ? (
        <span className="block break-words text-ink-3">{call.reason}</span>
      ) : null}
      <span
        aria-hidden="true"
        className="relative mt-1 block h-1 overflow-hidden rounded-full bg-ink/6"
      >
        <span
          className={cx(
            "absolute inset-y-0 rounded-full",
            call.failed ? "bg-danger" : "bg-busy",
          )}
          style={{
            left: `${left}%`,
            width: `max(3px, ${part(call.startedAt + (call.ms ?? 0)) - left}%)`,
          }}
        />
      </span>
    </li>
  );
}

const WORDS = {
  done: "done",
  failed: "failed",
  running: "under way",
  waiting: "to come",
};

/** How a step of something stands, as a picture and, for those who hear it, in `words`. */
export function Sign({
  state,
  words,
}: {
  state: Phase["state"];
  words: string;
}) {
  return (
    <span
      className={cx(
        "grid size-6 shrink-0 place-items-center rounded-full",
        state === "done" && "bg-ok-soft text-ok",
        state === "failed" && "bg-danger-soft text-danger",
        state === "running" && "text-accent-ink",
        state === "waiting" && "text-line-strong",
      )}
    >
      {state === "done" ? (
        <Icon name="check" size={14} />
      ) : state === "failed" ? (
        <Icon name="cross" size={14} />
      ) : state === "running" ? (
        <Spinner />
      ) : (
        <span className="size-2 rounded-full border border-current" />
      )}
      <span className="sr-only">{words}: </span>
    </span>
  );
}
