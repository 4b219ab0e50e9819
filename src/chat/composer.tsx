"use client";

import {
  useEffect,
  useId,
  useRef,
  useState,
  type FormEvent,
  type KeyboardEvent,
} from "react";
import { MAX_MESSAGE } from "@convex/model/chat/limits";
import { cx } from "../ui/cx";
import { hasKeyboard } from "../ui/has-keyboard";
import { Icon } from "../ui/icon";
import { isOfInputMethod } from "../ui/input-method";
import type { Composer as ComposerState } from "../view/session-view";

/** Where a message is written. The draft stays with the tab until it is sent. */
export function Composer({
  sessionId,
  state,
  answering,
  onSend,
  onStop,
}: {
  sessionId: string;
  state: ComposerState;
  /** The agent is at work or a message waits for it. */
  answering: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}) {
  const { text, setText } = useDraft(sessionId);
  const area = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const closed = state.kind === "closed";
  const said = text.trim();
  const tooLong = said.length > MAX_MESSAGE;
  const sendable = said !== "" && !closed && !tooLong;

  useEffect(() => {
    // On a phone the keyboard would cover what is to be read first.
    if (hasKeyboard()) area.current?.focus();
  }, []);

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (!sendable) return;
    onSend(said);
    setText("");
  }

  function onKeyDown(event: KeyboardEvent) {
    if (isOfInputMethod(event.nativeEvent)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      if (!hasKeyboard()) return; // of those on a screen, few can make a line else
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && answering) {
      event.preventDefault();
      onStop();
    }
  }

  return (
    <form onSubmit={submit}>
      <div
        className={cx(
          "rounded-xl border bg-surface shadow-lift transition-colors",
          tooLong
            ? "border-danger"
            : "border-line-strong focus-within:border-ink-3",
        )}
      >
        <label htmlFor={id} className="sr-only">
          Message
        </label>
        <textarea
          ref={area}
          id={id}
          rows={1}
          value={text}
          disabled={closed}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          aria-describedby={`${id}-about`}
          placeholder={closed ? state.why : "Ask the agent"}
          className="field-sizing-content max-h-56 min-h-12 w-full resize-none bg-transparent px-4 pt-3 text-[1rem] leading-6 outline-none placeholder:text-ink-3 disabled:opacity-60 sm:text-base"
        />
        <div className="flex items-center gap-3 px-2.5 pb-2.5 pl-4">
          <p
            id={`${id}-about`}
            className={cx(
              "min-w-0 flex-1 truncate text-xs",
              tooLong ? "text-danger" : "text-ink-3",
            )}
          >
            {tooLong ? (
              `${said.length.toLocaleString("en")} of ${MAX_MESSAGE.toLocaleString("en")} characters`
            ) : state.kind !== "open" ? (
              // An empty box says why it is closed by itself.
              (state.kind === "queues" || text !== "") && state.why
            ) : answering ? (
              <>
                <span className="pointer-coarse:hidden">Esc stops. </span>What
                you send now waits its turn.
              </>
            ) : (
              <span className="pointer-coarse:hidden">
                Enter sends, Shift and Enter makes a new line
              </span>
            )}
          </p>
          {answering ? (
            <button
              type="button"
              aria-label="Stop"
              title="Stop (Esc)"
              onClick={onStop}
              className="grid size-8.5 place-items-center rounded-lg border border-line-strong text-ink transition-colors hover:border-ink-3"
            >
              <span
                aria-hidden="true"
                className="size-2.75 rounded-xs bg-current"
              />
            </button>
          ) : null}
          <button
            type="submit"
            aria-label="Send"
            title="Send (Enter)"
            disabled={!sendable}
            className="grid size-8.5 place-items-center rounded-lg bg-accent text-on-accent transition-colors enabled:hover:bg-accent-hover disabled:bg-ink/10 disabled:text-ink-3"
          >
            <Icon name="arrowUp" />
          </button>
        </div>
      </div>
    </form>
  );
}

function useDraft(sessionId: string) {
  const key = `slipway.draft.${sessionId}`;
  const [text, setState] = useState("");
  useEffect(() => {
    setState(sessionStorage.getItem(key) ?? "");
  }, [key]);
  function setText(next: string) {
    setState(next);
    if (next) sessionStorage.setItem(key, next);
    else sessionStorage.removeItem(key);
  }
  return { text, setText };
}
