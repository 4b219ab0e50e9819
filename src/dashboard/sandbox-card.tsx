"use client";

import Link from "next/link";
import { MAX_REPAIRS } from "@convex/model/repairs";
import type { ReactNode } from "react";
import { plural, shortSha } from "../data/format";
import type { SandboxView } from "../data/types";
import { Activity } from "../log/activity";
import { skillPath } from "../routes";
import { QueueNotice } from "../sandbox/queue-notice";
import { StopWarning } from "../sandbox/stop-warning";
import { CardBench } from "../terminal/card-bench";
import { Callout } from "../ui/callout";
import { FOCUS_HOME } from "../ui/focus-home";
import { FoldSign } from "../ui/fold-sign";
import { Panel } from "../ui/panel";
import { Spoken } from "../ui/spoken";
import { Chip, Status } from "../ui/status";
import { Age, Countdown, Lasting } from "../ui/time";
import {
  agentTrouble,
  agentWords,
  isShared,
  sandboxName,
  sandboxWords,
} from "../view/words";
import { CheckNow } from "./check-now";
import { Replacement } from "./replacement";
import { SandboxActions } from "./sandbox-actions";

/** One sandbox: its state with its age, what is in it, and what can be done to it. */
export function SandboxCard({ sandbox }: { sandbox: SandboxView }) {
  const { state } = sandbox;
  const words = sandboxWords(sandbox);
  const agent = agentWords(sandbox.agent);
  const trouble = agentTrouble(sandbox.agent);
  const running = state.status === "running";
  // That of a replacement has its own place, with what can be done about it.
  const error =
    state.status !== "replacing" && "error" in state ? state.error : null;
  return (
    <Panel className="overflow-hidden">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-4 p-5 sm:p-6">
        <div className="min-w-0">
          <Spoken>{`${sandboxName(sandbox)}: ${words.words}`}</Spoken>
          <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <h3
              {...FOCUS_HOME}
              className="text-lg font-semibold tracking-[-0.01em] wrap-anywhere"
            >
              {sandboxName(sandbox)}
            </h3>
            <Status tone={words.tone} live={words.live}>
              {words.words}
              {"since" in state ? (
                <span className="text-ink-3">
                  {state.status === "stopped" || state.status === "failed" ? (
                    <Age at={state.since} />
                  ) : (
                    <Lasting since={state.since} />
                  )}
                </span>
              ) : null}
            </Status>
            {agent ? (
              <Status tone={agent.tone} live={agent.live}>
                {agent.words}
              </Status>
            ) : null}
            {sandbox.restartNeeded && state.status !== "replacing" ? (
              <Chip
                tone="accent"
                title="Replace makes a new one, with its files"
              >
                An update is available
              </Chip>
            ) : null}
          </div>
          {isShared(sandbox) ? null : (
            <p className="mt-1 text-sm text-ink-3 wrap-anywhere">
              For <span className="font-mono text-xs">{sandbox.name}</span>{" "}
              alone: no other skill is launched into it
            </p>
          )}
          {sandbox.sandboxId ? (
            <p className="mt-1 truncate font-mono text-xs text-ink-3">
              {sandbox.sandboxId}
            </p>
          ) : null}
        </div>
        <SandboxActions sandbox={sandbox} />
      </div>
      <div className="space-y-3 px-5 has-[div]:pb-5 has-[p:not(.sr-only)]:pb-5 sm:px-6">
        <StopWarning sandbox={sandbox} />
        <QueueNotice sandbox={sandbox} />
        {sandbox.previous ? <Previous {...sandbox.previous} /> : null}
        {sandbox.repairs >= MAX_REPAIRS ? <LosesSkills /> : null}
      </div>
      {error ? (
        <div className="px-5 pb-5 sm:px-6">
          <Callout
            tone={state.status === "failed" ? "danger" : "warn"}
            title={error.message}
          >
            {error.next}
          </Callout>
        </div>
      ) : null}
      {trouble ? (
        <div className="px-5 pb-5 sm:px-6">
          <Callout tone="warn" title={trouble.title}>
            {trouble.reason} {trouble.next}
          </Callout>
        </div>
      ) : null}
      {state.status === "replacing" ? (
        <Replacement sandbox={sandbox} state={state} />
      ) : null}
      <dl className="grid grid-cols-2 border-t border-line text-sm sm:grid-cols-4">
        <Figure name="Skills">{sandbox.skills.length}</Figure>
        <Figure name="Launching now">{sandbox.launching}</Figure>
        <Figure name="Last sign of life">
          {sandbox.lastConfirmedAt === null ? (
            "Not checked yet"
          ) : running && sandbox.health !== "unreachable" ? (
            "In the last minutes"
          ) : (
            <Age at={sandbox.lastConfirmedAt} />
          )}
          <CheckNow sandbox={sandbox} />
        </Figure>
        <Figure name="Stops by itself in">
          {running && sandbox.autoStopAt !== null ? (
            <Countdown to={sandbox.autoStopAt} />
          ) : (
            <span className="text-ink-3">—</span>
          )}
        </Figure>
      </dl>
      {sandbox.skills.length > 0 ? (
        <details className="border-t border-line" open>
          <summary className="flex items-center gap-1.5 px-5 pt-4 pb-1 text-ink-3 hover:text-ink sm:px-6">
            <FoldSign />
            <span className="caption text-inherit">
              {plural(sandbox.skills.length, "skill")} on its disk
            </span>
          </summary>
          <ul className="flex flex-wrap gap-2 px-5 pt-2 pb-5 sm:px-6">
            {sandbox.skills.map((skill) => (
              <li key={`${skill.skillKey}@${skill.sha}`}>
                <Link
                  href={skillPath(skill.link)}
                  prefetch={false}
                  className="flex items-baseline gap-2 rounded-md border border-line px-2.5 py-1 text-[0.8125rem] transition-colors hover:border-line-strong"
                >
                  {skill.name}
                  <span className="font-mono text-2xs text-ink-3">
                    {shortSha(skill.sha)}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      {running ? <CardBench sandbox={sandbox} /> : null}
      <div className="border-t border-line">
        <Activity slotId={sandbox.slotId} />
      </div>
    </Panel>
  );
}

/** What a sandbox is given keeps vanishing; nothing is put back by itself any more. */
function LosesSkills() {
  return (
    <Callout tone="warn" title="Skills keep vanishing from this sandbox">
      They were put back {MAX_REPAIRS} times within an hour. From here on they
      are installed again when you launch them or write. If that does not help,
      delete the sandbox and launch again.
    </Callout>
  );
}

/** A former sandbox that is still to be confirmed gone; nobody need do anything. */
function Previous({ generation }: { generation: number }) {
  return (
    <p className="text-sm text-ink-3">
      The one before it (number {generation}) is being deleted. It is in
      nobody&rsquo;s way.
    </p>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="border-line px-5 py-3.5 not-first:border-l max-sm:nth-3:border-l-0 max-sm:nth-[n+3]:border-t sm:px-6">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="tabular mt-0.5 font-medium">{children}</dd>
    </div>
  );
}
