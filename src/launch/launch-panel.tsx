"use client";

import { useMutation } from "convex/react";
import Link from "next/link";
import { api } from "@convex/_generated/api";
import { Scene } from "../brand/scene";
import { formatDuration } from "../data/format";
import type { LaunchView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";
import { FoldSign } from "../ui/fold-sign";
import { LazyDetails } from "../ui/lazy-details";
import { Panel } from "../ui/panel";
import { Elapsed } from "../ui/time";
import { queueWords } from "../view/queue";
import { isUnderWay, PATH_WORDS, progressOf, recoveryOf } from "./phases";
import { LaunchWaterfall } from "./waterfall";

const TITLES: Record<LaunchView["state"], string> = {
  queued: "Waiting for your sandbox",
  creating: "Making your sandbox",
  starting: "Starting your sandbox",
  installing: "Installing the skill",
  ready: "Launched",
  failed: "The launch failed",
  cancelled: "The launch was cancelled",
};

/** A launch under way: the ship on the ways, what is happening, for how long. */
export function LaunchPanel({ launch }: { launch: LaunchView }) {
  const cancel = useMutation(api.launches.cancel);
  const { doing, failure, run } = useAttempt<"cancel">();
  const queue = queueWords(launch);
  const { launchId } = launch;

  return (
    <Panel className="animate-appear overflow-hidden">
      <div className="border-b border-water-line bg-paper">
        <Scene
          progress={progressOf(launch)}
          className="-mb-10 h-40 w-full sm:h-52"
        />
      </div>
      <div className="relative bg-surface px-5 pt-4 pb-3.5 sm:px-6">
        <div className="flex items-baseline justify-between gap-4">
          <div aria-live="polite">
            <h2 className="text-lg font-semibold">
              {queue?.title ?? TITLES[launch.state]}
            </h2>
            {queue ? (
              <p className="text-sm text-ink-2">
                {queue.text}
                {launch.ownCap === null ? null : (
                  <>
                    {" "}
                    <Link href="/dashboard" prefetch={false} className="link">
                      Open the dashboard
                    </Link>
                  </>
                )}
              </p>
            ) : null}
          </div>
          <span className="font-mono text-sm whitespace-nowrap text-ink-2">
            <Elapsed from={launch.createdAt} to={launch.endedAt} />
          </span>
        </div>
        <p className="text-sm text-ink-3" aria-live="polite">
          {recoveryOf(launch) ?? (launch.path && PATH_WORDS[launch.path])}
        </p>
        <div className="mt-3">
          <LaunchWaterfall launch={launch} />
        </div>
        <div className="mt-1 flex items-center justify-between gap-3 border-t border-line pt-3">
          <p className="text-[0.8125rem] text-ink-3">
            The server does the work. You can close this tab.
          </p>
          <Button
            size="sm"
            variant="ghost"
            busy={doing !== null}
            onClick={() => void run("cancel", cancel({ launchId }))}
          >
            {queue ? "Leave the queue" : "Cancel"}
          </Button>
        </div>
        <FailureLine failure={failure} className="mt-2 sm:text-right" />
      </div>
    </Panel>
  );
}

/** A launch that ended, as one line that opens to its timeline. */
export function LaunchSummary({ launch }: { launch: LaunchView }) {
  if (isUnderWay(launch)) return null;
  const took = (launch.endedAt ?? launch.createdAt) - launch.createdAt;
  const recovery = launch.state === "ready" ? recoveryOf(launch) : null;
  const folded = (
    <LazyDetails
      className="text-[0.8125rem] text-ink-3"
      summary={
        <summary className="inline-flex items-center gap-1.5 rounded-md py-1 pr-2 transition-colors hover:text-ink">
          <FoldSign />
          {TITLES[launch.state]}
          {launch.state === "ready" ? ` in ${formatDuration(took)}` : null}
          {launch.path ? ` · ${PATH_WORDS[launch.path].toLowerCase()}` : null}
        </summary>
      }
    >
      <Panel className="mt-2 max-w-xl px-4 py-2 text-ink">
        <LaunchWaterfall launch={launch} />
      </Panel>
    </LazyDetails>
  );
  if (recovery === null) return folded;
  // Not folded away: files made in the former sandbox may be gone with it.
  return (
    <div className="text-[0.8125rem]">
      {folded}
      <p className="mt-0.5 text-ink-2">{recovery}</p>
    </div>
  );
}
