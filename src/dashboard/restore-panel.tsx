"use client";

import { useMutation } from "convex/react";
import { api } from "@convex/_generated/api";
import { plural } from "../data/format";
import type { Read } from "../data/reads";
import type { FleetItem, FleetView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { useRecord } from "../data/use-record";
import { Button } from "../ui/button";
import { FailureCallout } from "../ui/callout";
import { FailureLine } from "../ui/failure-line";
import { Panel } from "../ui/panel";
import { Spoken } from "../ui/spoken";
import { Status } from "../ui/status";
import { fleetChoices, fleetSummary, itemWords } from "../view/fleet";
import { sandboxName } from "../view/words";

/** What "Stop all" stopped, until it is brought back or forgotten. */
export function RestorePanel() {
  return <RestoreRead read={useRecord(api.fleet.get, {})} />;
}

export function RestoreRead({ read }: { read: Read<FleetView | null> }) {
  const fleet = read.status === "ready" ? read.value : null;
  return (
    <>
      <Spoken>{fleet ? fleetSummary(fleet.items) : ""}</Spoken>
      {fleet ? <RestoreSet fleet={fleet} /> : null}
      {read.status === "failed" ? (
        <div className="mb-4">
          <FailureCallout
            failure={read.failure}
            title="Whether sandboxes were stopped together is not known"
          />
        </div>
      ) : null}
    </>
  );
}

export function RestoreSet({ fleet: { items } }: { fleet: FleetView }) {
  const restore = useMutation(api.fleet.restore);
  const stopFailed = useMutation(api.fleet.stopFailed);
  const decline = useMutation(api.fleet.decline);
  const { doing, failure, run } = useAttempt<"restore" | "stop" | "dismiss">();
  const choices = fleetChoices(items);
  return (
    <Panel className="mb-4 overflow-hidden">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-5 py-4 sm:px-6">
        <div className="min-w-0">
          <h3 className="font-semibold">Stopped together</h3>
          <p className="text-sm text-ink-3">
            Restore starts {items.length === 1 ? "it" : "these"} again, with
            files. Dismiss leaves {items.length === 1 ? "it" : "them"} as{" "}
            {items.length === 1 ? "it is" : "they are"}.
            {choices.stopAgain > 0
              ? " Stop again asks only those that did not stop."
              : ""}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {choices.stopAgain > 0 ? (
            <Button
              size="sm"
              icon="refresh"
              busy={doing === "stop"}
              onClick={() => void run("stop", stopFailed({}))}
            >
              Stop {choices.stopAgain} again
            </Button>
          ) : null}
          <Button
            size="sm"
            variant="primary"
            icon="play"
            disabled={choices.restore === 0}
            busy={doing === "restore"}
            onClick={() => void run("restore", restore({}))}
          >
            {choices.restore === 0 ? "Restore" : `Restore ${choices.restore}`}
          </Button>
          <Button
            size="sm"
            variant="ghost"
            busy={doing === "dismiss"}
            onClick={() => void run("dismiss", decline({}))}
          >
            Dismiss
          </Button>
        </div>
      </div>
      <FailureLine failure={failure} className="px-5 pb-4 sm:px-6" />
      <ul
        aria-label={plural(items.length, "sandbox", "sandboxes")}
        className="divide-y divide-line border-t border-line"
      >
        {items.map((item) => (
          <ItemRow key={item.slotId} item={item} />
        ))}
      </ul>
    </Panel>
  );
}

function ItemRow({ item }: { item: FleetItem }) {
  const said = itemWords(item);
  return (
    <li className="px-5 py-3 text-sm sm:px-6">
      <div className="flex items-center justify-between gap-4">
        <span className="truncate font-medium">{sandboxName(item)}</span>
        <Status tone={said.tone} live={said.live}>
          {said.words}
        </Status>
      </div>
      {item.error ? (
        <p className="mt-1 break-words text-ink-2">
          {item.error.message} {item.error.next}
        </p>
      ) : null}
    </li>
  );
}
