"use client";

import { useIdentity } from "../identity/identity";
import { sessionPath, signInPath } from "../routes";
import { Button, ButtonLink } from "../ui/button";
import type { SessionScreen } from "../view/session-view";

type Problem = Exclude<SessionScreen, { kind: "open" } | { kind: "loading" }>;

/** No conversation to show: why, and where to go from here. */
export function SessionProblem({
  screen,
  sessionId,
}: {
  screen: Problem;
  sessionId: string;
}) {
  const { trouble, retry } = useIdentity();
  const said = words(screen, trouble);
  return (
    <div className="flex flex-1 flex-col items-center justify-center px-6 pb-24 text-center">
      <h1
        // The page changed under the reader: what had the focus is gone.
        ref={screen.kind === "deleted" ? focus : null}
        tabIndex={-1}
        className="text-2xl font-semibold tracking-[-0.02em] outline-none"
      >
        {said.title}
      </h1>
      <p className="mt-2 max-w-[46ch] text-balance text-ink-2">{said.text}</p>
      <div className="mt-6 flex flex-wrap justify-center gap-2.5">
        {screen.kind === "signed-out" ? (
          <ButtonLink
            href={signInPath(sessionPath(sessionId))}
            variant="primary"
          >
            Sign in
          </ButtonLink>
        ) : screen.kind === "trouble" ? (
          <Button variant="primary" onClick={retry}>
            Try again
          </Button>
        ) : screen.kind === "failed" ? (
          <Button variant="primary" onClick={() => location.reload()}>
            Try again
          </Button>
        ) : null}
        <ButtonLink href="/dashboard" prefetch={false}>
          Your sessions
        </ButtonLink>
        <ButtonLink href="/" variant="ghost" prefetch={false}>
          Open a skill
        </ButtonLink>
      </div>
      {screen.kind === "failed" ? (
        <p className="mt-6 font-mono text-2xs text-ink-3">
          {screen.failure.code}
        </p>
      ) : null}
    </div>
  );
}

function focus(element: HTMLElement | null): void {
  element?.focus();
}

function words(screen: Problem, trouble: string | null) {
  switch (screen.kind) {
    case "signed-out":
      return {
        title: "Sign in to read this session",
        text: "Sessions belong to the person who launched them. You come straight back here.",
      };
    case "trouble":
      return {
        title: "You could not be signed in",
        text:
          trouble ??
          "The backend did not accept the sign-in. The operator must check its issuer settings.",
      };
    case "deleted":
      return {
        title: "This session is deleted",
        text: "What was said in it is gone. Files the agent made are still in its sandbox.",
      };
    case "not-found":
      return {
        title: "There is no such session here",
        text: "The address may be mistyped, the session may belong to somebody else, or it was deleted: by its owner, or because nobody wrote in it for very long.",
      };
    case "failed":
      return { title: screen.failure.message, text: screen.failure.next };
  }
}
