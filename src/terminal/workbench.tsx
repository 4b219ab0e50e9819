"use client";

import dynamic from "next/dynamic";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import type { SandboxView } from "../data/types";
import { DownloadFile } from "../preview/download-file";
import { OpenPort } from "../preview/open-port";
import { useConfig } from "../shell/providers";
import { Button, IconButton } from "../ui/button";
import { cx } from "../ui/cx";
import { Tabs } from "./tabs";

/** Caught here: React keeps what failed to load, and the page would break for good. */
const TerminalPanel = dynamic(
  () =>
    import("./terminal-panel").then(
      (module) => module.TerminalPanel,
      (error: unknown) => {
        console.error(error);
        return NotLoaded;
      },
    ),
  { ssr: false },
);

const TABS = { terminal: "Terminal", ports: "Ports and files" } as const;
type Tab = keyof typeof TABS;

/** The sandbox itself: in its place on the page, or all over it on a phone. */
export function Workbench({
  sandbox,
  folder = "",
  onClose,
  className,
}: {
  sandbox: SandboxView | null;
  /** Where the agent one looks at works, below the sandbox's home. */
  folder?: string;
  onClose: () => void;
  /** Its height, where there is room for more than it. */
  className: string;
}) {
  const id = useId();
  const [tab, setTab] = useState<Tab>("terminal");
  const close = useRef<HTMLButtonElement>(null);
  // What opened it may be gone or covered; a terminal takes the focus once it is there.
  useEffect(() => close.current?.focus(), []);
  return (
    <section
      aria-label="Workbench"
      className={cx(
        "flex min-h-56 shrink-0 flex-col border-t border-line bg-paper max-sm:fixed max-sm:inset-0 max-sm:z-40",
        className,
      )}
    >
      <div className="flex items-center gap-1 border-b border-line px-2">
        <Tabs
          id={id}
          label="Workbench"
          tabs={TABS}
          chosen={tab}
          onChoose={setTab}
        />
        {tab === "terminal" ? (
          <span className="px-2 text-xs text-ink-3 max-sm:hidden">
            F6 leaves the terminal
          </span>
        ) : null}
        <IconButton
          ref={close}
          icon="cross"
          label="Close the workbench"
          onClick={onClose}
        />
      </div>
      <Bench
        id={id}
        tab={tab}
        sandbox={sandbox}
        folder={folder}
        onLeave={() => close.current?.focus()}
      />
    </section>
  );
}

function Bench({
  id,
  tab,
  sandbox,
  folder,
  onLeave,
}: {
  id: string;
  tab: Tab;
  sandbox: SandboxView | null;
  folder: string;
  onLeave: () => void;
}) {
  const { relayUrl } = useConfig();
  if (relayUrl === null) {
    return (
      <Absent>
        Terminal and port previews are not available: the relay is not running.
      </Absent>
    );
  }
  if (!sandbox) return <Absent>…</Absent>;
  const { status } = sandbox.state;
  if (status === "empty" || status === "deleting") {
    return <Absent>There is no sandbox any more.</Absent>;
  }
  if (status !== "running") {
    return (
      <Absent>The sandbox does not run. Start it to work in it here.</Absent>
    );
  }
  const { slotId } = sandbox;
  return (
    <>
      {/* Stays when it is not seen, with what is on its screen. */}
      <Pane id={id} name="terminal" shown={tab === "terminal"}>
        <TerminalPanel
          key={slotId}
          slotId={slotId}
          relayUrl={relayUrl}
          onLeave={onLeave}
        />
      </Pane>
      <Pane id={id} name="ports" shown={tab === "ports"}>
        <div className="min-h-0 flex-1 space-y-7 overflow-y-auto px-5 py-5">
          <OpenPort slotId={slotId} relayUrl={relayUrl} />
          <DownloadFile
            key={folder}
            slotId={slotId}
            relayUrl={relayUrl}
            folder={folder}
          />
        </div>
      </Pane>
    </>
  );
}

/** A bad line, or a new release, without the code this page would need. */
function NotLoaded() {
  return (
    <div
      role="alert"
      className="flex flex-1 flex-col items-center justify-center gap-4 px-6 py-10 text-center text-sm text-ink-2"
    >
      The terminal could not be loaded. Load the page anew; your conversation
      and your sandbox stay as they are.
      <Button icon="refresh" onClick={() => location.reload()}>
        Load the page anew
      </Button>
    </div>
  );
}

function Pane({
  id,
  name,
  shown,
  children,
}: {
  id: string;
  name: Tab;
  shown: boolean;
  children: ReactNode;
}) {
  return (
    <div
      role="tabpanel"
      id={`${id}-pane-${name}`}
      aria-labelledby={`${id}-tab-${name}`}
      className={cx("min-h-0 flex-1 flex-col", shown ? "flex" : "hidden")}
    >
      {children}
    </div>
  );
}

function Absent({ children }: { children: ReactNode }) {
  return (
    <p className="flex flex-1 items-center justify-center px-6 py-10 text-center text-sm text-ink-3">
      {children}
    </p>
  );
}
