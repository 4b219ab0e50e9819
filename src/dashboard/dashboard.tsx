"use client";

import type { ReactNode } from "react";
import { api } from "@convex/_generated/api";
import type { Read } from "../data/reads";
import { useRecord } from "../data/use-record";
import { SignedIn } from "../shell/signed-in";
import { FailureCallout } from "../ui/callout";
import { Empty, Section } from "../ui/panel";
import { LaunchHistory } from "./launch-history";
import { RestorePanel } from "./restore-panel";
import { Sandboxes } from "./sandboxes";
import { Sessions } from "./sessions";
import { RowsSkeleton, SandboxCardSkeleton } from "./skeletons";
import { StopAll } from "./stop-all";

/** What runs, what was launched, what was said. From the records; nothing is probed. */
export function Dashboard() {
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-8 pb-20 sm:px-6 sm:pt-12">
      <h1 className="mb-8 text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
        Dashboard
      </h1>
      <SignedIn what="what is yours" skeleton={<DashboardSkeleton />}>
        <Contents />
      </SignedIn>
    </div>
  );
}

function Contents() {
  const sandboxes = useRecord(api.sandboxes.list, {});
  const launches = useRecord(api.launches.recent, {});
  const all = sandboxes.status === "ready" ? sandboxes.value : [];
  return (
    <div className="space-y-12">
      <Section
        id="sandboxes"
        title={all.length > 1 ? "Sandboxes" : "Sandbox"}
        aside={<StopAll sandboxes={all} />}
      >
        <RestorePanel />
        <Listed read={sandboxes} skeleton={<SandboxCardSkeleton />}>
          {(list) => <Sandboxes list={list} />}
        </Listed>
      </Section>
      <div className="grid grid-cols-1 gap-12 lg:grid-cols-2 lg:gap-8">
        <Section id="sessions" title="Sessions">
          <Sessions />
        </Section>
        <Section id="launches" title="Launches">
          <Listed read={launches} skeleton={<RowsSkeleton />}>
            {(list) =>
              list.length === 0 ? (
                <Empty title="No launches yet">
                  Every launch is listed with what it did and how long that
                  took.
                </Empty>
              ) : (
                <LaunchHistory launches={list} />
              )
            }
          </Listed>
        </Section>
      </div>
    </div>
  );
}

/** A list in each of its states; the last good one stays when it can no longer be read. */
function Listed<T>({
  read,
  skeleton,
  children,
}: {
  read: Read<T>;
  skeleton: ReactNode;
  children: (value: T) => ReactNode;
}) {
  switch (read.status) {
    case "loading":
      return skeleton;
    case "failed":
      return <FailureCallout failure={read.failure} />;
    case "ready":
      return (
        <>
          {read.stale ? (
            <p className="mb-2 text-sm text-warn">
              This could not be renewed and may be out of date.
            </p>
          ) : null}
          {children(read.value)}
        </>
      );
  }
}

function DashboardSkeleton() {
  return (
    <div className="space-y-12">
      <Section id="sandboxes" title="Sandbox">
        <SandboxCardSkeleton />
      </Section>
      <div className="grid grid-cols-1 gap-12 lg:grid-cols-2 lg:gap-8">
        <Section id="sessions" title="Sessions">
          <RowsSkeleton />
        </Section>
        <Section id="launches" title="Launches">
          <RowsSkeleton />
        </Section>
      </div>
    </div>
  );
}
