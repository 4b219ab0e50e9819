"use client";

import "@xterm/xterm/css/xterm.css";
import { useAction } from "convex/react";
import { useEffect, useRef, useState, type RefObject } from "react";
import { api } from "@convex/_generated/api";
import { newClientId } from "../data/intent";
import { Button } from "../ui/button";
import { Spinner } from "../ui/spinner";
import { TerminalConnection, type ConnectionState } from "./connection";
import { openScreen } from "./screen";

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
  const { state, connection } = useTerminal(host, slotId, relayUrl, onLeave);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div
        ref={host}
        data-terminal={state.kind}
        className="min-h-0 flex-1 overflow-hidden bg-surface px-3 py-2 font-mono text-ink [&_.xterm]:h-full"
      />
      <Condition
        state={state}
        onAgain={() => void connection.current?.connect()}
      />
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
  const latest = useRef({ issue, onLeave });
  useEffect(() => {
    latest.current = { issue, onLeave };
  });

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let gone = false;
    let close = () => {};
    void openScreen(element, {
      typed: (text) => connection.current?.type(text),
      resized: (size) => connection.current?.resize(size),
      leave: () => latest.current.onLeave(),
    }).then((screen) => {
      if (gone) return screen.dispose();
      const made = new TerminalConnection(
        {
          relayUrl,
          ticket: async () => {
            const purpose = { kind: "terminal" } as const;
            return (await latest.current.issue({ slotId, purpose })).ticket;
          },
          size: screen.size,
          onState: setState,
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
    });
    return () => {
      gone = true;
      connection.current = null;
      close();
    };
  }, [host, slotId, relayUrl]);

  return { state, connection };
}

/** A tab keeps its shell over a reload, and another tab has its own. */
function nameOf(slotId: string): string {
  const key = `slipway-terminal-${slotId}`;
  const known = sessionStorage.getItem(key);
  if (known) return known;
  const made = newClientId();
  sessionStorage.setItem(key, made);
  return made;
}

/** Under the screen: what is the matter, and what can be done about it. */
function Condition({
  state,
  onAgain,
}: {
  state: ConnectionState;
  onAgain: () => void;
}) {
  if (state.kind === "open") {
    return (
      <p className="sr-only" role="status">
        {state.resumed ? "Connected to your shell again." : "Connected."} F6
        leaves the terminal.
      </p>
    );
  }
  const { words, again } = wordsOf(state);
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line bg-paper px-4 py-2 text-sm text-ink-2"
    >
      <span className="flex items-center gap-2">
        {again ? null : <Spinner />}
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
