"use client";

import "@xterm/xterm/css/xterm.css";
import { useAction } from "convex/react";
import { useEffect, useRef, useState, type RefObject } from "react";
import { api } from "@convex/_generated/api";
import { newClientId } from "../data/intent";
import { Button } from "../ui/button";
import { Spinner } from "../ui/spinner";
import { TerminalConnection, type ConnectionState } from "./connection";
import type { Ending } from "./endings";
import { TouchKeys } from "./touch-keys";
import { openScreen, type Screen } from "./screen";

/** A shell in the person's running sandbox. */
export function TerminalPanel({
  slotId,
  relayUrl,
  onLeave,
}: {
  slotId: string;
  relayUrl: string;
  /** F6 was pressed: the keyboard goes elsewhere. */
  onLeave: () => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const { state, again, type } = useTerminal(host, slotId, relayUrl, onLeave);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={host}
        data-terminal={state.kind}
        className="min-h-0 flex-1 overflow-hidden bg-surface px-3 py-2 font-mono text-ink [&_.xterm]:h-full [&_.xterm-viewport]:bg-transparent!"
      />
      <TouchKeys onType={type} />
      <Condition state={state} onAgain={again} />
    </div>
  );
}

function useTerminal(
  host: RefObject<HTMLDivElement | null>,
  slotId: string,
  relayUrl: string,
  onLeave: () => void,
) {
  const issue = useAction(api.tickets.issue);
  const [state, setState] = useState<ConnectionState>({ kind: "connecting" });
  const connection = useRef<TerminalConnection>(null);
  const [attempt, setAttempt] = useState(0);
  const latest = useRef({ issue, onLeave });
  useEffect(() => {
    latest.current = { issue, onLeave };
  });

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let gone = false;
    let close = () => {};
    const start = (screen: Screen) => {
      if (gone) return screen.dispose();
      let blank = true;
      const made = new TerminalConnection(
        {
          relayUrl,
          ticket: async () => {
            const purpose = { kind: "terminal" } as const;
            return (await latest.current.issue({ slotId, purpose })).ticket;
          },
          size: screen.size,
          onState: (next) => {
            setState(next);
            if (next.kind !== "open") return;
            // After a mere cut the screen still has what was printed.
            if (blank && next.resumed) screen.note(RESUMED);
            blank = false;
          },
          onBytes: screen.write,
        },
        nameOf(slotId),
      );
      connection.current = made;
      void made.connect();
      screen.focus();
      close = () => {
        made.leave();
        screen.dispose();
      };
    };
    openScreen(element, {
      typed: (text) => connection.current?.type(text),
      resized: (size) => connection.current?.resize(size),
      leave: () => latest.current.onLeave(),
    }).then(start, (error: unknown) => {
      // Its code could not be loaded: a bad line, or a new release.
      console.error(error);
      if (!gone) setState({ kind: "closed", ending: NOT_LOADED });
    });
    // The machine slept, or was elsewhere: the line may be gone.
    const ask = () => connection.current?.ask();
    addEventListener("online", ask);
    document.addEventListener("visibilitychange", ask);
    return () => {
      removeEventListener("online", ask);
      document.removeEventListener("visibilitychange", ask);
      gone = true;
      connection.current = null;
      close();
    };
  }, [host, slotId, relayUrl, attempt]);

  const again = () => {
    if (connection.current) void connection.current.connect();
    else setAttempt((count) => count + 1);
  };
  const type = (text: string) => connection.current?.type(text);
  return { state, again, type };
}

const RESUMED =
  "This is your shell again. What it printed before is not shown.";

const NOT_LOADED: Ending = {
  words: "The terminal could not be loaded.",
  again: "Try again",
  byItself: false,
};

/** A tab keeps its shell over a reload, and another tab has its own. */
function nameOf(slotId: string): string {
  const key = `slipway-terminal-${slotId}`;
  const known = sessionStorage.getItem(key);
  if (known) return known;
  const made = newClientId();
  sessionStorage.setItem(key, made);
  return made;
}

/** Over the screen's last lines, which keep their size: what is the matter, and what can be done about it. */
function Condition({
  state,
  onAgain,
}: {
  state: ConnectionState;
  onAgain: () => void;
}) {
  const { words, again } =
    state.kind === "open"
      ? {
          words: `${state.resumed ? "Connected to your shell again." : "Connected."} F6 leaves the terminal.`,
          again: null,
        }
      : wordsOf(state);
  // One and the same, whatever it says: another one would not be read out.
  return (
    <div
      role="status"
      className={
        state.kind === "open"
          ? "sr-only"
          : "absolute inset-x-0 bottom-0 z-10 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line bg-paper px-4 py-2 text-sm text-ink-2"
      }
    >
      <span className="flex items-center gap-2">
        {again || state.kind === "open" ? null : <Spinner />}
        {words}
      </span>
      {again ? (
        <Button size="sm" icon="refresh" onClick={onAgain}>
          {again}
        </Button>
      ) : null}
    </div>
  );
}

function wordsOf(state: Exclude<ConnectionState, { kind: "open" }>): {
  words: string;
  again: string | null;
} {
  switch (state.kind) {
    case "connecting":
      return { words: "Connecting …", again: null };
    case "waiting":
      return { words: `${state.words} Trying again …`, again: null };
    case "closed":
      return { words: state.ending.words, again: state.ending.again };
    case "refused": {
      const { message, next } = state.failure;
      return { words: `${message} ${next}`, again: "Try again" };
    }
  }
}
