"use client";

import { useState } from "react";
import { ReplaceDialog } from "../dashboard/replace-dialog";
import { RestoreSet } from "../dashboard/restore-panel";
import { SandboxCard } from "../dashboard/sandbox-card";
import { StopAll } from "../dashboard/stop-all";
import { LaunchPanel } from "../launch/launch-panel";
import { OwnChoice } from "../skill/own-choice";
import { Button } from "../ui/button";
import { Panel } from "../ui/panel";
import { launch } from "./fixtures";
import * as made from "./sandbox-fixtures";

const queued = { state: "queued", path: "cold" } as const;
const steps = [{ name: "queue", startedAt: Date.now() - 14_000 }];

/** Sandboxes that wait, are replaced, or were stopped together. */
export function SandboxStates() {
  const [asking, setAsking] = useState(false);
  const [own, setOwn] = useState(true);
  return (
    <>
      <LaunchPanel launch={launch({ ...queued, steps, position: 3 })} />
      <LaunchPanel
        launch={launch({ ...queued, steps, position: 1, ownCap: 5 })}
      />
      <SandboxCard sandbox={made.waiting} />
      <SandboxCard sandbox={made.own} />
      <SandboxCard sandbox={made.replaced("keep")} />
      <SandboxCard sandbox={made.replaced("wake", made.keepFailed)} />
      <SandboxCard sandbox={made.replaced("create")} />
      <SandboxCard sandbox={made.replaced("restore", made.restoreFailed)} />
      <RestoreSet fleet={made.fleet} />
      <div className="flex flex-wrap gap-2.5">
        <Button onClick={() => setAsking(true)}>replace dialog</Button>
        <StopAll sandboxes={[made.own]} />
      </div>
      <ReplaceDialog
        sandbox={made.own}
        open={asking}
        busy={false}
        onClose={() => setAsking(false)}
        onConfirm={() => setAsking(false)}
      />
      <Panel className="max-w-sm">
        <OwnChoice own={own} onChange={setOwn} secrets={["DEPLOY_TOKEN"]} />
        <OwnChoice own={!own} onChange={() => setOwn(!own)} secrets={[]} />
      </Panel>
    </>
  );
}
