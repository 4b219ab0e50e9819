"use client";

import { useEffect, useState, type ReactNode } from "react";
import { api } from "@convex/_generated/api";
import { useNow } from "../data/clock";
import { launchedAt, LAUNCH_PATIENCE_MS } from "../data/open-session";
import { RetryBoundary } from "../data/retry-boundary";
import { useRecord } from "../data/use-record";
import { useSeen } from "../data/use-seen";
import { useAuthState } from "../identity/identity";
import { LaunchEnded } from "../launch/launch-ended";
import { LaunchPanel, LaunchSummary } from "../launch/launch-panel";
import { StopWarning } from "../sandbox/stop-warning";
import {
  sessionScreen,
  type Absence,
  type LaunchPart,
} from "../view/session-view";
import { isShared } from "../view/words";
import { Conversation, ConversationPlaceholder } from "./conversation";
import { Workbench } from "../terminal/workbench";
import { Spoken } from "../ui/spoken";
import { SessionBar, SessionBarSkeleton } from "./session-bar";
import { SessionNotice } from "./session-notice";
import { SessionPanel } from "./session-panel";
import { SessionProblem } from "./session-problem";
import { useWatch } from "./use-watch";

/**
 * One session, from its launch to its last word, in one place: the launch panel gives
 * way to the conversation without the page changing under the reader.
 */
export function SessionScreen({ sessionId }: { sessionId: string }) {
  const auth = useAuthState();
  const session = useRecord(api.sessions.get, { sessionId });
  const launch = useRecord(api.launches.forSession, { sessionId });
  const slotId = session.status === "ready" ? session.value?.slotId : undefined;
  const sandbox = useRecord(
    api.sandboxes.getSandbox,
    slotId ? { slotId } : "skip",
  );
  const settings = useRecord(api.settings.get, {});
  const [panelOpen, setPanelOpen] = useState(false);
  const [benchOpen, setBenchOpen] = useState(false);
  const missing = session.status === "ready" && session.value === null;
  const absence = useAbsence(sessionId, missing, slotId !== undefined);
  const screen = sessionScreen({ auth, session, launch, sandbox, absence });
  const title = screen.kind === "open" ? screen.session.title : null;
  const view = sandbox.status === "ready" ? sandbox.value : null;
  useWatch(view?.state.status === "running" ? sessionId : null);

  useEffect(() => {
    if (title) document.title = `${title} · Slipway`;
  }, [title]);

  if (screen.kind === "loading") {
    return (
      <Frame bar={<SessionBarSkeleton />}>
        <ConversationPlaceholder />
      </Frame>
    );
  }
  if (screen.kind !== "open") {
    return (
      <Frame bar={<SessionBarSkeleton quiet />}>
        <SessionProblem screen={screen} sessionId={sessionId} />
      </Frame>
    );
  }

  const model = settings.status === "ready" ? settings.value : null;
  const lead = <Lead part={screen.launch} />;
  return (
    <Frame
      bar={
        <SessionBar
          session={screen.session}
          sandbox={view}
          model={model?.effective ?? null}
          panelOpen={panelOpen}
          onPanel={() => setPanelOpen((open) => !open)}
          benchOpen={benchOpen}
          onBench={() => setBenchOpen((open) => !open)}
        />
      }
    >
      <LaunchNews key={sessionId} part={screen.launch} />
      <div className="flex min-h-0 flex-1">
        <RetryBoundary waiting={<ConversationPlaceholder lead={lead} />}>
          <Conversation
            key={sessionId}
            sessionId={sessionId}
            skillName={screen.session.skillName}
            composer={screen.composer}
            lead={lead}
            inviting={
              screen.launch.kind === "ready" &&
              screen.composer.kind !== "closed"
            }
            notice={(unanswered) => (
              <>
                {view ? <StopWarning sandbox={view} /> : null}
                <SessionNotice
                  notice={
                    unanswered && screen.notice?.repeats ? null : screen.notice
                  }
                  modelProblem={model?.problem ?? null}
                  session={screen.session}
                  own={view !== null && !isShared(view)}
                />
              </>
            )}
          />
        </RetryBoundary>
        <SessionPanel
          open={panelOpen}
          onClose={() => setPanelOpen(false)}
          session={screen.session}
          sandbox={view}
          launch={"launch" in screen.launch ? screen.launch.launch : null}
          model={model}
        />
      </div>
      {benchOpen ? (
        <Workbench
          sandbox={view}
          folder={`sessions/${sessionId}/`}
          onClose={() => setBenchOpen(false)}
          className="sm:h-[44%]"
        />
      ) : null}
    </Frame>
  );
}

/** Says that a launch has ended in front of the reader: its panel goes away with it. */
function LaunchNews({ part }: { part: LaunchPart }) {
  const seen = useSeen(part.kind === "running");
  return <Spoken>{seen ? endOf(part) : null}</Spoken>;
}

function endOf(part: LaunchPart): string | null {
  switch (part.kind) {
    case "ready":
      return "Launched. The agent has the skill.";
    case "failed":
      return `The launch failed. ${part.failure.message} ${part.failure.next}`;
    case "cancelled":
      return "The launch was cancelled.";
    default:
      return null;
  }
}

function Frame({ bar, children }: { bar: ReactNode; children: ReactNode }) {
  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      {bar}
      <main className="flex min-h-0 flex-1 flex-col">{children}</main>
    </div>
  );
}

function Lead({ part }: { part: LaunchPart }) {
  switch (part.kind) {
    case "running":
      return <LaunchPanel launch={part.launch} />;
    case "ready":
      return <LaunchSummary launch={part.launch} />;
    case "failed":
      return <LaunchEnded launch={part.launch} failure={part.failure} />;
    case "cancelled":
      return <LaunchEnded launch={part.launch} failure={null} />;
    case "loading":
    case "none":
      return null;
  }
}

/** What a missing record means; one this tab has shown was deleted, here or elsewhere. */
function useAbsence(
  sessionId: string,
  missing: boolean,
  there: boolean,
): Absence {
  const [shown, setShown] = useState<string | null>(null);
  if (there && shown !== sessionId) setShown(sessionId);
  const expected = useExpected(sessionId, missing);
  if (shown === sessionId) return "deleted";
  return expected ? "expected" : "unknown";
}

/** Whether a missing record may still be on its way: only just after launching it here. */
function useExpected(sessionId: string, missing: boolean): boolean {
  const now = useNow(missing ? 500 : null);
  if (!missing || now === null) return missing;
  const at = launchedAt(sessionId);
  return at !== null && now - at < LAUNCH_PATIENCE_MS;
}
