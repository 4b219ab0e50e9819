import type { LaunchView } from "../data/types";
import { cx } from "../ui/cx";
import { Icon } from "../ui/icon";
import { Spinner } from "../ui/spinner";
import { Elapsed } from "../ui/time";
import { phasesOf, type Phase } from "./phases";

/** The phases of a launch with the time each took, or has taken so far. */
export function Timeline({ launch }: { launch: LaunchView }) {
  return (
    <ol className="relative">
      {phasesOf(launch).map((phase) => (
        <li
          key={phase.name}
          className="flex min-h-10 items-start gap-3 py-2 text-sm"
        >
          <Sign phase={phase} />
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
        </li>
      ))}
    </ol>
  );
}

const WORDS = {
  done: "done",
  failed: "failed",
  running: "under way",
  waiting: "to come",
};

function Sign({ phase }: { phase: Phase }) {
  return (
    <span
      className={cx(
        "grid size-6 shrink-0 place-items-center rounded-full",
        phase.state === "done" && "bg-ok-soft text-ok",
        phase.state === "failed" && "bg-danger-soft text-danger",
        phase.state === "running" && "text-accent-ink",
        phase.state === "waiting" && "text-line-strong",
      )}
    >
      {phase.state === "done" ? (
        <Icon name="check" size={14} />
      ) : phase.state === "failed" ? (
        <Icon name="cross" size={14} />
      ) : phase.state === "running" ? (
        <Spinner />
      ) : (
        <span className="size-2 rounded-full border border-current" />
      )}
      <span className="sr-only">{WORDS[phase.state]}: </span>
    </span>
  );
}
