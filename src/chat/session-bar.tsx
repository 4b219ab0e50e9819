"use client";

import Link from "next/link";
import { Mark } from "../brand/logo";
import { shortSha } from "../data/format";
import type { SandboxView, SessionView, SettingsView } from "../data/types";
import { skillPath } from "../routes";
import { StopsIn } from "../sandbox/stops-in";
import { Account } from "../shell/account";
import { ThemeSwitch } from "../shell/theme-switch";
import { IconButton } from "../ui/button";
import { Skeleton } from "../ui/skeleton";
import { Chip, Status } from "../ui/status";
import { useFocusBack } from "../ui/use-focus-back";
import { agentWords, sandboxWords } from "../view/words";

const BAR =
  "z-20 has-[details[open]]:z-60 flex h-14 shrink-0 items-center gap-3 border-b border-line bg-paper px-3 sm:px-4";

/** Which skill, at which commit, by which model, in what state. */
export function SessionBar({
  session,
  sandbox,
  model,
  panelOpen,
  onPanel,
  benchOpen,
  onBench,
}: {
  session: SessionView;
  sandbox: SandboxView | null;
  model: SettingsView["effective"];
  panelOpen: boolean;
  onPanel: () => void;
  benchOpen: boolean;
  onBench: () => void;
}) {
  const state = sandbox ? sandboxWords(sandbox) : null;
  const agent = sandbox ? agentWords(sandbox.agent) : null;
  const benchButton = useFocusBack(benchOpen);
  const panelButton = useFocusBack(panelOpen);
  return (
    <header className={BAR}>
      <Home />
      {/* What there is room for, whatever stands beside it: the chip gives way first. */}
      <div className="@container flex min-w-0 flex-1 items-center gap-2.5">
        <h1 className="truncate font-semibold tracking-[-0.01em]">
          {session.title}
        </h1>
        <Link
          href={skillPath(session.link)}
          prefetch={false}
          title={`${session.skillName} at commit ${session.sha}`}
          className="hidden min-w-28 shrink-1000 rounded-sm transition-opacity hover:opacity-75 @xs:flex"
        >
          <Chip mono>
            <span className="truncate">{session.skillName}</span>
            <span className="shrink-0">@ {shortSha(session.sha)}</span>
          </Chip>
        </Link>
        {model ? (
          <span
            className="hidden shrink-1000 truncate text-[0.8125rem] text-ink-3 xl:block"
            title={`Model: ${model.model} of ${model.label}`}
          >
            {model.label}
          </span>
        ) : null}
      </div>
      <div className="flex items-center gap-3.5">
        {state ? (
          <Status tone={state.tone} live={state.live}>
            <span className="max-sm:sr-only">{state.words}</span>
          </Status>
        ) : null}
        {agent ? (
          <Status tone={agent.tone} live={agent.live}>
            <span className="max-md:sr-only">{agent.words}</span>
          </Status>
        ) : null}
        {sandbox ? (
          // Where there is room for the panel, that one has it.
          <span className="flex xl:hidden">
            <StopsIn sandbox={sandbox} />
          </span>
        ) : null}
      </div>
      <div className="flex items-center gap-0.5">
        <span className="max-sm:hidden">
          <ThemeSwitch />
        </span>
        <IconButton
          ref={benchButton}
          icon="terminal"
          label="Terminal, ports and files"
          aria-expanded={benchOpen}
          onClick={onBench}
        />
        <span className="xl:hidden">
          <IconButton
            ref={panelButton}
            icon="panel"
            label="Details"
            aria-expanded={panelOpen}
            onClick={onPanel}
          />
        </span>
      </div>
      <span className="max-sm:hidden">
        <Account />
      </span>
    </header>
  );
}

export function SessionBarSkeleton({ quiet = false }: { quiet?: boolean }) {
  return (
    <header className={BAR}>
      <Home />
      <div className="flex-1">
        {quiet ? null : <Skeleton className="h-4 w-40" />}
      </div>
      <span className="max-sm:hidden">
        <Account />
      </span>
    </header>
  );
}

function Home() {
  return (
    <Link
      href="/dashboard"
      aria-label="To the dashboard"
      title="Dashboard"
      prefetch={false}
      className="rounded-md p-1"
    >
      <Mark size={26} />
    </Link>
  );
}
