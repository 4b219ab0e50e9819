"use client";

import { api } from "@convex/_generated/api";
import { useRecord } from "../data/use-record";
import { SignedIn } from "../shell/signed-in";
import { Callout, FailureCallout } from "../ui/callout";
import { Empty, Panel, Section } from "../ui/panel";
import { Skeleton } from "../ui/skeleton";
import { ProviderCard } from "./provider-card";
import { Tokens } from "./tokens";

export function Settings() {
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-8 pb-20 sm:px-6 sm:pt-12">
      <h1 className="mb-8 text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
        Settings
      </h1>
      <SignedIn what="your settings" skeleton={<SettingsSkeleton />}>
        <div className="space-y-12">
          <Models />
          <Tokens />
        </div>
      </SignedIn>
    </div>
  );
}

const TITLE = "Model provider";
const CAPTION =
  "The agent thinks with this model. Keys are stored sealed; a sandbox never sees them.";

function Models() {
  const settings = useRecord(api.settings.get, {});
  if (settings.status === "loading") return <SettingsSkeleton />;
  if (settings.status === "failed") {
    return <FailureCallout failure={settings.failure} />;
  }
  const { value } = settings;
  if (value === null) return <SettingsSkeleton />; // signed out this instant
  return (
    <Section id="models" title={TITLE} caption={CAPTION}>
      <div className="space-y-3">
        {value.problem ? (
          <Callout tone="warn" icon="key" title={value.problem.message}>
            {value.problem.next}
          </Callout>
        ) : null}
        {value.providers.length === 0 ? (
          <Empty title="No provider is allowed here">
            The operator must list at least one in SLIPWAY_MODEL_PROVIDERS.
          </Empty>
        ) : (
          value.providers.map((provider) => (
            <ProviderCard
              key={provider.id}
              provider={provider}
              inUse={
                value.effective?.providerId === provider.id
                  ? value.effective.model
                  : null
              }
            />
          ))
        )}
      </div>
    </Section>
  );
}

function SettingsSkeleton() {
  return (
    <Section id="models" title={TITLE} caption={CAPTION}>
      <div className="space-y-3">
        {[0, 1, 2].map((index) => (
          <Panel key={index} className="flex justify-between p-5">
            <div className="space-y-3">
              <Skeleton className="h-4 w-36" />
              <Skeleton className="h-3 w-24" />
            </div>
            <Skeleton className="h-8 w-18" />
          </Panel>
        ))}
      </div>
    </Section>
  );
}
