"use client";

import { useMutation, usePaginatedQuery } from "convex/react";
import { useCallback, type ReactNode } from "react";
import { api } from "@convex/_generated/api";
import type { MessageView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { useSeen } from "../data/use-seen";
import { Button } from "../ui/button";
import { FailureCallout } from "../ui/callout";
import { FOCUS_HOME } from "../ui/focus-home";
import { Icon } from "../ui/icon";
import { Skeleton, SkeletonText } from "../ui/skeleton";
import { Spoken } from "../ui/spoken";
import type { Composer as ComposerState } from "../view/session-view";
import { Composer } from "./composer";
import { Message, Said } from "./message";
import { Starters } from "./starters";
import { useOutbox } from "./use-outbox";
import { usePinnedScroll } from "./use-pinned-scroll";

const PAGE = 12;

type Props = {
  sessionId: string;
  skillName: string;
  composer: ComposerState;
  /** Above the first message: the launch. */
  lead: ReactNode;
  /** Above the composer: what a person should know now, given whether the agent never answered. */
  notice: (unanswered: boolean) => ReactNode;
  /** Nothing is said yet and the agent is there to be asked. */
  inviting: boolean;
};

/** The messages and the box to write in. Everything it shows is on record. */
export function Conversation(props: Props) {
  const { sessionId, composer } = props;
  const { results, status, loadMore } = usePaginatedQuery(
    api.sessions.messages,
    { sessionId },
    { initialNumItems: PAGE },
  );
  const messages = results.toReversed();
  const loading = status === "LoadingFirstPage";
  const { outgoing, submit, again, drop } = useOutbox(sessionId);
  const { stop, retry, failure } = useTurnControls(sessionId);
  const { frame, content, away, toEnd } = usePinnedScroll(
    messages[0]?.messageId,
  );

  const recorded = new Set(messages.map((message) => message.clientId));
  const unrecorded = outgoing.filter((one) => !recorded.has(one.clientId));
  const answering = messages.some(
    (message) => message.state === "running" || message.state === "queued",
  );
  // What ended before this page came is no news.
  const seen = useSeen(answering || unrecorded.length > 0);
  const waiting =
    composer.kind === "queues"
      ? composer.why
      : "The agent takes it up in a moment.";
  const empty = messages.length === 0 && unrecorded.length === 0;
  const nothingSaid = !loading && empty;
  const unanswered = messages.every(
    ({ role, state }) => role === "user" || state === "failed",
  );

  function send(text: string) {
    submit(text);
    toEnd();
  }

  return (
    <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
      <div
        ref={frame}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <div
          ref={content}
          role="log"
          aria-label="Conversation"
          aria-live="off"
          className="mx-auto max-w-3xl space-y-7 px-4 pt-6 pb-8 sm:px-6"
        >
          {props.lead}
          {status === "CanLoadMore" || status === "LoadingMore" ? (
            <div className="flex justify-center">
              <Button
                size="sm"
                variant="ghost"
                busy={status === "LoadingMore"}
                onClick={() => loadMore(PAGE)}
              >
                Show earlier messages
              </Button>
            </div>
          ) : null}
          {loading ? <ConversationSkeleton /> : null}
          {messages.map((message) => (
            <Message
              key={message.messageId}
              message={message}
              waiting={waiting}
              onRetry={composer.kind === "closed" ? null : retry}
            />
          ))}
          {unrecorded.map((one) => (
            <div key={one.clientId} className="space-y-2">
              <Said text={one.text} faint />
              {one.failure ? (
                <FailureCallout
                  failure={one.failure}
                  title="This message was not sent"
                  actions={
                    <>
                      <Button size="sm" onClick={() => again(one)}>
                        Send again
                      </Button>
                      <Button
                        size="sm"
                        variant="ghost"
                        onClick={() => drop(one.clientId)}
                      >
                        Discard
                      </Button>
                    </>
                  }
                />
              ) : null}
            </div>
          ))}
          {nothingSaid && props.inviting ? (
            <Starters skillName={props.skillName} onPick={send} />
          ) : null}
        </div>
      </div>

      <Spoken>{seen ? progressOf(messages) : null}</Spoken>
      <div className="relative mx-auto w-full max-w-3xl px-3 pb-3 sm:px-6 sm:pb-5">
        {away ? (
          <div className="pointer-events-none absolute inset-x-0 -top-11 flex justify-center">
            <Button
              size="sm"
              icon="arrowDown"
              className="pointer-events-auto animate-appear rounded-full! bg-raised"
              onClick={toEnd}
            >
              Latest
            </Button>
          </div>
        ) : null}
        <div
          {...FOCUS_HOME}
          role="group"
          aria-label="Your next message"
          className="space-y-2.5 rounded-xl"
        >
          {failure ? <FailureCallout failure={failure} /> : null}
          {props.notice(unanswered)}
          <Composer
            sessionId={sessionId}
            state={composer}
            answering={answering}
            onSend={send}
            onStop={stop}
          />
        </div>
      </div>
    </div>
  );
}

/** How the conversation stands, for who hears it: words of the answers are not read out. */
function progressOf(messages: readonly MessageView[]): string {
  const states = messages.map(({ state }) => state);
  if (states.includes("running")) return "The agent is working.";
  if (states.includes("queued")) return "The message waits for the agent.";
  const last = messages.at(-1);
  if (last?.role !== "assistant") return "";
  if (last.state === "done") return "The agent has answered.";
  if (last.state === "stopped") return "The answer was stopped.";
  const error = last.parts.at(-1)?.body;
  const why =
    error?.kind === "error"
      ? ` ${error.error.message} ${error.error.next}`
      : "";
  return `The agent could not answer.${why}`;
}

/** Stop and Retry; the server decides what becomes of either. */
function useTurnControls(sessionId: string) {
  const stopTurn = useMutation(api.sessions.stop);
  const retryTurn = useMutation(api.sessions.retry);
  const { failure, run } = useAttempt<"stop" | "retry">();
  const stop = useCallback(
    () => void run("stop", stopTurn({ sessionId })),
    [run, stopTurn, sessionId],
  );
  const retry = useCallback(
    (messageId: MessageView["messageId"]) =>
      void run("retry", retryTurn({ messageId })),
    [run, retryTurn],
  );
  return { stop, retry, failure };
}

export function ConversationSkeleton() {
  return (
    <div className="space-y-7">
      <Skeleton className="ml-auto h-10 w-1/2 rounded-xl" />
      <SkeletonText lines={4} />
    </div>
  );
}

/** Stands where the conversation will be. */
export function ConversationPlaceholder({ lead }: { lead?: ReactNode }) {
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="min-h-0 flex-1 overflow-hidden">
        <div className="mx-auto max-w-3xl space-y-7 px-4 pt-6 sm:px-6">
          {lead ?? <ConversationSkeleton />}
        </div>
      </div>
      <div className="mx-auto w-full max-w-3xl px-3 pb-3 sm:px-6 sm:pb-5">
        <div className="flex h-[5.9rem] items-end justify-end rounded-xl border border-line bg-surface p-2.5">
          <span className="grid size-8.5 place-items-center rounded-lg bg-ink/10 text-ink-3">
            <Icon name="arrowUp" />
          </span>
        </div>
      </div>
    </div>
  );
}
