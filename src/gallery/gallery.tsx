"use client";

import { useState, type ReactNode } from "react";
import { Mark, Wordmark } from "../brand/logo";
import { Scene } from "../brand/scene";
import { Composer } from "../chat/composer";
import { ConversationSkeleton } from "../chat/conversation";
import { Message } from "../chat/message";
import { SessionBar } from "../chat/session-bar";
import { SessionNotice } from "../chat/session-notice";
import { Starters } from "../chat/starters";
import { LaunchHistory } from "../dashboard/launch-history";
import { SandboxCard } from "../dashboard/sandbox-card";
import { LaunchEnded } from "../launch/launch-ended";
import { LaunchPanel, LaunchSummary } from "../launch/launch-panel";
import { Waterfall } from "../launch/waterfall";
import { ActivityView } from "../log/activity";
import { ProviderCard } from "../settings/provider-card";
import { SkillSkeleton } from "../skill/skill-skeleton";
import { Button } from "../ui/button";
import { Callout, FailureCallout } from "../ui/callout";
import { Confirm } from "../ui/confirm";
import { CopyButton } from "../ui/copy-button";
import { Field, Input } from "../ui/field";
import { Empty, Panel } from "../ui/panel";
import { Chip, Status, type Tone } from "../ui/status";
import * as made from "./fixtures";
import { SandboxStates } from "./sandbox-states";

const TONES: Tone[] = ["neutral", "ok", "busy", "warn", "danger", "accent"];
const ignore = () => undefined;

/** Everything there is to look at, in every state, on one page. */
export function Gallery() {
  const [asking, setAsking] = useState(false);
  return (
    <main className="mx-auto max-w-5xl space-y-14 px-4 py-10 sm:px-6">
      <h1 className="flex items-center gap-3">
        <Mark size={40} />
        <Wordmark height={32} />
        <span className="sr-only">Slipway gallery</span>
      </h1>
      <Group title="buttons">
        <div className="flex flex-wrap gap-2.5">
          {(["primary", "secondary", "ghost", "danger", "grave"] as const).map(
            (variant) => (
              <Button key={variant} variant={variant}>
                {variant}
              </Button>
            ),
          )}
          <Button variant="primary" busy>
            busy
          </Button>
          <Button disabled>disabled</Button>
          <Button size="sm" icon="refresh">
            small
          </Button>
          <CopyButton text="copied" />
          <Button onClick={() => setAsking(true)}>dialog</Button>
        </div>
        <Confirm
          open={asking}
          title="Delete this sandbox?"
          action="Delete sandbox"
          busy={false}
          onClose={() => setAsking(false)}
          onConfirm={() => setAsking(false)}
        >
          What is lost is listed here.
        </Confirm>
      </Group>
      <Group title="states">
        <div className="flex flex-wrap gap-x-5 gap-y-2.5">
          {TONES.map((tone) => (
            <span key={tone} className="flex items-center gap-2.5">
              <Status tone={tone} live={tone === "busy"}>
                {tone}
              </Status>
              <Chip tone={tone}>{tone}</Chip>
            </span>
          ))}
        </div>
      </Group>
      <Group title="callouts">
        {TONES.map((tone) => (
          <Callout key={tone} tone={tone} title={`A callout that is ${tone}`}>
            What happened, and what to do next.
          </Callout>
        ))}
        <FailureCallout failure={made.failed} />
      </Group>
      <Group title="fields">
        <Field id="g1" label="Model" help="As the provider names it.">
          <Input id="g1" placeholder="demo" />
        </Field>
        <Field id="g2" label="Key" problem="This key was refused.">
          <Input id="g2" aria-invalid defaultValue="sk-wrong" />
        </Field>
      </Group>
      <Group title="launch">
        <LaunchPanel launch={made.launch({})} />
        <LaunchPanel
          launch={made.launch({
            state: "installing",
            steps: [
              ...made
                .launch({})
                .steps.map((step) => ({ ...step, endedAt: Date.now() - 900 })),
              { name: "install", startedAt: Date.now() - 900 },
            ],
          })}
        />
        <Panel className="px-5 py-3">
          <Waterfall launch={made.launch({})} entries={made.log} />
        </Panel>
        {made.launches[1] ? <LaunchSummary launch={made.launches[1]} /> : null}
        <LaunchEnded
          launch={made.launches[2] ?? made.launch({})}
          failure={made.failed}
        />
        <LaunchEnded
          launch={made.launch({ state: "cancelled", endedAt: Date.now() })}
          failure={null}
        />
      </Group>
      <Group title="scene">
        <div className="grid grid-cols-2 gap-4">
          {[0, 0.4, 0.8, 1].map((progress) => (
            <div key={progress} className="overflow-hidden">
              <Scene progress={progress} className="w-full" />
            </div>
          ))}
        </div>
      </Group>
      <Group title="conversation">
        <SessionBar
          session={made.session}
          sandbox={made.sandbox({})}
          model={{ providerId: "demo", model: "demo", label: "Demo model" }}
          panelOpen={false}
          onPanel={ignore}
          benchOpen={false}
          onBench={ignore}
        />
        {[
          made.question,
          made.answer({}),
          made.answer({ state: "running", parts: [] }),
          made.answer({ state: "queued", parts: [] }),
          made.answer({
            state: "failed",
            parts: [
              {
                seq: 0,
                body: {
                  kind: "error",
                  error: {
                    code: "model_refused_key",
                    message: "OpenRouter refused the key.",
                    next: "Enter a valid key for the model provider in Settings.",
                    retryable: false,
                  },
                },
              },
            ],
          }),
          made.answer({ state: "stopped", parts: [] }),
        ].map((message, index) => (
          <Message
            key={index}
            message={message}
            waiting="It is sent when the launch is ready."
            onRetry={ignore}
          />
        ))}
        <Starters skillName="csv-detective" onPick={ignore} />
        <SessionNotice
          notice={{
            tone: "warn",
            title: "The sandbox is stopped",
            text: "Its files are kept. Start it, or just write.",
            action: "start",
          }}
          modelProblem={null}
          session={made.session}
          own={false}
        />
        {(
          [
            { kind: "open" },
            { kind: "queues", why: "It is sent when the sandbox is up." },
            { kind: "closed", why: "Launch again to talk to the agent." },
          ] as const
        ).map((state) => (
          <Composer
            key={state.kind}
            sessionId={`gallery-${state.kind}`}
            state={state}
            answering={state.kind === "queues"}
            onSend={ignore}
            onStop={ignore}
          />
        ))}
        <ConversationSkeleton />
      </Group>
      <Group title="dashboard">
        <SandboxCard sandbox={made.sandbox({})} />
        <SandboxCard
          sandbox={made.sandbox({
            warnedAt: Date.now(),
            autoStopAt: Date.now() + 262_000,
            repairs: 5,
          })}
        />
        <SandboxCard
          sandbox={made.sandbox({
            state: { status: "failed", since: Date.now(), error: made.failed },
            sandboxId: null,
            skills: [],
            agent: null,
            autoStopAt: null,
            lastConfirmedAt: null,
            health: "failed",
          })}
        />
        <Panel>
          <ActivityView entries={made.activity} more={ignore} loading={false} />
        </Panel>
        <Panel>
          <ActivityView entries={[]} more={null} loading={false} />
        </Panel>
        <LaunchHistory launches={made.launches} />
        <Empty title="No sessions yet">
          Each launch opens a conversation. It stays here.
        </Empty>
      </Group>
      <Group title="queue, replacement, stop all">
        <SandboxStates />
      </Group>
      <Group title="settings">
        <ProviderCard
          provider={{
            id: "openrouter",
            label: "OpenRouter",
            keyless: false,
            needsKey: false,
            lastFour: "9f2c",
            defaultModel: "openai/gpt-5-mini",
          }}
          inUse="openai/gpt-5-mini"
        />
      </Group>
      <Group title="skill, on its way">
        <SkillSkeleton name="owner/repo/skill" />
      </Group>
    </main>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="space-y-4">
      <h2 className="caption border-b border-line pb-1.5">{title}</h2>
      {children}
    </section>
  );
}
