"use client";

import { memo, useMemo, useState } from "react";
import type { MessageView } from "../data/types";
import { FailureCallout } from "../ui/callout";
import { CopyButton } from "../ui/copy-button";
import { FoldSign } from "../ui/fold-sign";
import { Icon } from "../ui/icon";
import { Markdown } from "../ui/markdown";
import { Elapsed, Shown } from "../ui/time";
import { blocksOf, sameMessage, wordsOf } from "./blocks";
import { FailureActions, Retry } from "./failure-actions";
import { ToolCards } from "./tool-card";

/** What a person said. */
export function Said({
  text,
  faint = false,
}: {
  text: string;
  /** On its way; not recorded yet. */
  faint?: boolean;
}) {
  return (
    <div className="flex justify-end">
      <p
        className={`max-w-[85%] rounded-xl rounded-br-sm bg-ink/8 px-4 py-2.5 break-words whitespace-pre-wrap ${faint ? "opacity-60" : ""}`}
      >
        <span className="sr-only">You: </span>
        {text}
      </p>
    </div>
  );
}

type Props = {
  message: MessageView;
  /** Why a queued one waits. */
  waiting: string;
  /** Null where no sandbox is left to try again in. */
  onRetry: ((messageId: MessageView["messageId"]) => void) | null;
};

/** One message of the record; drawn anew only when something in it changed. */
export const Message = memo(
  function Message({ message, waiting, onRetry }: Props) {
    return message.role === "user" ? (
      <Said text={message.text} />
    ) : (
      <Answer message={message} waiting={waiting} onRetry={onRetry} />
    );
  },
  (before, after) =>
    before.waiting === after.waiting &&
    before.onRetry === after.onRetry &&
    sameMessage(before.message, after.message),
);

function Answer({ message, waiting, onRetry }: Props) {
  const blocks = useMemo(() => blocksOf(message.parts), [message.parts]);
  const running = message.state === "running";
  // A retried answer keeps its place and its time, so that time says nothing of the run.
  const [seenBefore] = useState(!running);
  const words = wordsOf(message);
  const failed = message.state === "failed";
  const retry = onRetry && (() => onRetry(message.messageId));
  const explained = blocks.some((block) => block.kind === "error");
  return (
    <article
      aria-label="Agent"
      data-state={message.state}
      className="group/answer space-y-3.5"
    >
      {blocks.map((block, index) => {
        switch (block.kind) {
          case "text":
            return <Markdown key={block.key} text={block.text} />;
          case "reasoning":
            return (
              <Reasoning
                key={block.key}
                text={block.text}
                live={running && index === blocks.length - 1}
              />
            );
          case "tools":
            return <ToolCards key={block.key} tools={block.tools} />;
          case "error":
            return (
              <FailureCallout
                key={block.key}
                failure={block.error}
                quiet // the conversation's status says it, when it happens
                actions={
                  failed && index === blocks.length - 1 ? (
                    <FailureActions failure={block.error} onRetry={retry} />
                  ) : null
                }
              />
            );
        }
      })}
      {message.cut ? (
        <p className="text-sm text-ink-3">
          This answer is not shown: the newer ones fill the page. The HTTP API
          has it, in a smaller page.
        </p>
      ) : null}
      {failed && !explained && !message.cut ? (
        <div className="flex items-center gap-3 text-sm text-danger">
          The answer broke off.
          {retry ? <Retry onRetry={retry} /> : null}
        </div>
      ) : null}
      {message.state === "queued" ? (
        <p className="flex items-center gap-2 text-sm text-ink-3">
          <Icon name="clock" size={14} />
          Queued. {waiting}
        </p>
      ) : null}
      {running ? (
        <Working
          since={seenBefore ? null : message.createdAt}
          thinking={blocks.length === 0 || blocks.at(-1)?.kind !== "text"}
        />
      ) : null}
      {message.state === "stopped" ? (
        <p className="flex items-center gap-2 text-sm text-ink-3">
          <Icon name="stop" size={14} />
          Stopped.
          {retry ? <Retry variant="ghost" onRetry={retry} /> : null}
        </p>
      ) : null}
      {words && !running ? (
        <div className="-ml-2.5 opacity-0 transition-opacity group-focus-within/answer:opacity-100 group-hover/answer:opacity-100 pointer-coarse:opacity-100">
          <CopyButton text={words} />
        </div>
      ) : null}
    </article>
  );
}

/** The agent is at it: since it was asked, or since this page saw it begin. */
function Working({
  since,
  thinking,
}: {
  since: number | null;
  thinking: boolean;
}) {
  const [shownAt] = useState(() => Date.now());
  return (
    <p className="flex h-5 items-center gap-2.5 text-sm text-ink-3">
      <span aria-hidden="true" className="flex items-end gap-0.75">
        {[0, 1, 2].map((index) => (
          <span
            key={index}
            className="h-3 w-0.75 animate-breathe rounded-full bg-accent-ink"
            style={{ animationDelay: `${index * 180}ms` }}
          />
        ))}
      </span>
      {thinking ? "Working" : "Writing"}
      <span className="font-mono text-xs">
        {since === null ? (
          <Shown since={shownAt} />
        ) : (
          <Elapsed from={since} to={null} />
        )}
      </span>
    </p>
  );
}

function Reasoning({ text, live }: { text: string; live: boolean }) {
  return (
    <details className="text-sm">
      <summary className="inline-flex items-center gap-1.5 rounded-md py-0.5 pr-2 text-ink-3 transition-colors hover:text-ink">
        <FoldSign />
        {live ? "Thinking" : "Thought it over"}
      </summary>
      <div className="mt-1.5 border-l-2 border-line pl-4 text-[0.8125rem] leading-5.5 break-words whitespace-pre-wrap text-ink-3">
        {text.trim()}
      </div>
    </details>
  );
}
