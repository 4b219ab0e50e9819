"use client";

import Link from "next/link";
import { useEffect, useRef, type ReactNode } from "react";
import { formatDuration, shortSha } from "../data/format";
import type {
  LaunchView,
  SandboxView,
  SessionView,
  SettingsView,
} from "../data/types";
import { isUnderWay, PATH_WORDS } from "../launch/phases";
import { Timeline } from "../launch/timeline";
import { Activity } from "../log/activity";
import { skillPath } from "../routes";
import { IconButton } from "../ui/button";
import { cx } from "../ui/cx";
import { isOfInputMethod } from "../ui/input-method";
import { Status } from "../ui/status";
import { Age, Countdown } from "../ui/time";
import { agentWords, sandboxWords } from "../view/words";
import { DeleteSession } from "./delete-session";

/** Beside the conversation on wide screens, over it on narrow ones: the facts. */
export function SessionPanel({
  open,
  onClose,
  session,
  sandbox,
  launch,
  model,
}: {
  open: boolean;
  onClose: () => void;
  session: SessionView;
  sandbox: SandboxView | null;
  launch: LaunchView | null;
  model: SettingsView | null;
}) {
  const close = useRef<HTMLButtonElement>(null);
  // Where there is room for it beside the conversation, there is no such button.
  useEffect(() => {
    if (open) close.current?.focus();
  }, [open]);
  useEscape(open, onClose);
  return (
    <aside
      aria-label="Details of this session"
      className={cx(
        "w-80 shrink-0 overflow-y-auto border-l border-line bg-paper px-5 py-5",
        "max-xl:fixed max-xl:inset-y-0 max-xl:right-0 max-xl:z-40 max-xl:w-[min(22rem,100vw)] max-xl:shadow-lift",
        !open && "max-xl:hidden",
      )}
    >
      <div className="mb-4 flex items-center justify-between xl:hidden">
        <h2 className="font-semibold">Details</h2>
        <IconButton
          ref={close}
          icon="cross"
          label="Close the details"
          onClick={onClose}
        />
      </div>
      <div className="space-y-7">
        <Group title="Skill">
          <p className="font-medium">
            <Link
              className="link"
              href={skillPath(session.link)}
              prefetch={false}
            >
              {session.skillName}
            </Link>
          </p>
          <Fact name="Commit">
            <span className="font-mono" title={session.sha}>
              {shortSha(session.sha)}
            </span>
          </Fact>
          <Fact name="Opened">
            <Age at={session.createdAt} />
          </Fact>
        </Group>
        <Group title="Model">
          {model?.effective ? (
            <>
              <p className="font-medium">{model.effective.label}</p>
              <p className="font-mono text-xs break-all text-ink-3">
                {model.effective.model}
              </p>
            </>
          ) : (
            <p className="text-ink-3">{model ? "None chosen" : "…"}</p>
          )}
          <Link
            href="/settings"
            prefetch={false}
            className="link mt-1.5 inline-block text-[0.8125rem]"
          >
            Change
          </Link>
        </Group>
        <Group title="Sandbox">
          {sandbox ? <SandboxFacts sandbox={sandbox} /> : <p>…</p>}
        </Group>
        {launch && !isUnderWay(launch) ? (
          <Group title="Launch">
            {launch.readyAt === null ? null : (
              <Fact name="Took">
                {formatDuration(launch.readyAt - launch.createdAt)}
              </Fact>
            )}
            {launch.path ? (
              <p className="text-ink-3">{PATH_WORDS[launch.path]}</p>
            ) : null}
            <div className="-mx-1 mt-1">
              <Timeline launch={launch} />
            </div>
          </Group>
        ) : null}
        {/* Also of a sandbox that is deleted and on no other page. */}
        <div className="-mx-5 border-y border-line">
          <Activity slotId={session.slotId} />
        </div>
        <DeleteSession session={session} />
      </div>
    </aside>
  );
}

/**
 * Wherever the focus is: it may be on what the panel covers. Not for a dialog that
 * is open above it, nor where Escape did something else.
 */
function useEscape(open: boolean, onClose: () => void) {
  useEffect(() => {
    if (!open) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (isOfInputMethod(event)) return;
      if (!document.querySelector("dialog[open]")) onClose();
    }
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [open, onClose]);
}

function SandboxFacts({ sandbox }: { sandbox: SandboxView }) {
  const state = sandboxWords(sandbox);
  const agent = agentWords(sandbox.agent);
  return (
    <>
      <div className="flex flex-wrap gap-x-4">
        <Status tone={state.tone} live={state.live}>
          {state.words}
        </Status>
        {agent ? (
          <Status tone={agent.tone} live={agent.live}>
            {agent.words}
          </Status>
        ) : null}
      </div>
      {sandbox.agent?.version ? (
        <Fact name="Agent">{sandbox.agent.version}</Fact>
      ) : null}
      {sandbox.autoStopAt !== null && sandbox.state.status === "running" ? (
        <Fact name="Stops, if idle, in">
          <Countdown to={sandbox.autoStopAt} />
        </Fact>
      ) : null}
      <Fact name="Skills in it">{sandbox.skills.length}</Fact>
    </>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="text-sm">
      <h3 className="caption mb-2">{title}</h3>
      <div className="space-y-1">{children}</div>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <p className="flex justify-between gap-4">
      <span className="text-ink-3">{name}</span>
      <span className="text-right">{children}</span>
    </p>
  );
}
