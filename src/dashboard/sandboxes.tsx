import type { SandboxView } from "../data/types";
import { Activity } from "../log/activity";
import { ButtonLink } from "../ui/button";
import { Empty, Panel } from "../ui/panel";
import { sandboxName } from "../view/words";
import { SandboxCard } from "./sandbox-card";

/** Every sandbox as a card, and what became of the one that is not there any more. */
export function Sandboxes({ list }: { list: SandboxView[] }) {
  const there = list.filter(({ state }) => state.status !== "empty");
  const former = list.filter(({ state }) => state.status === "empty");
  return (
    <div className="space-y-4">
      {there.length === 0 ? (
        <Empty
          title="No sandbox"
          action={
            <ButtonLink href="/" icon="anchor">
              Open a skill
            </ButtonLink>
          }
        >
          The first launch makes one. It stops by itself when it is idle and
          keeps its files.
        </Empty>
      ) : null}
      {there.map((sandbox) => (
        <SandboxCard key={sandbox.slotId} sandbox={sandbox} />
      ))}
      {former.map((sandbox) => (
        <Panel key={sandbox.slotId}>
          <p className="px-5 pt-3.5 text-sm text-ink-3 sm:px-6">
            {sandboxName(sandbox)} is not there now. This is what happened to
            it.
          </p>
          <Activity slotId={sandbox.slotId} />
        </Panel>
      ))}
    </div>
  );
}
