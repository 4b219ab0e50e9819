import type { FleetView, SandboxView } from "../data/types";
import { isOldThere } from "@convex/model/replaceStages";
import type { Replacing } from "../view/replacement";
import { failed, sandbox } from "./fixtures";

/** Made-up sandboxes that wait, are replaced, or were stopped together. */

const ago = (seconds: number) => Date.now() - seconds * 1000;

/** Switched off, or not there at all. */
const off = { agent: null, autoStopAt: null, launching: 0 };

export const waiting = sandbox({
  ...off,
  state: {
    ...{ status: "queued", since: ago(40), for: "owner" },
    from: { status: "stopped", since: ago(900), by: "user" },
  },
  ...{ sandboxId: null, health: "queued", position: 3 },
});

export const own = sandbox({
  name: "github.com/octo/skills/skills/deploy",
  ...{ restartNeeded: true, launching: 0 },
  previous: { generation: 1 },
});

/** Being made anew, at some stage; with `error` it came to a halt there. */
export function replaced(
  stage: Replacing["stage"],
  error?: typeof failed,
): SandboxView {
  const state = {
    ...{ status: "replacing", since: ago(90), stageSince: ago(12) },
    ...{ stage, step: "look", ...(error && { error }) },
  } as Replacing;
  const back = stage === "boot" || stage === "restore";
  return sandbox({
    ...off,
    ...{ state, health: "replacing" },
    cancellable: isOldThere(state) || (back && error !== undefined),
  });
}

export const keepFailed = {
  ...{ code: "keep_too_large", retryable: false },
  message:
    "The sandbox has 2 files with 211 MiB; at most 50,000 files and 200 MiB can be kept.",
  next: "Delete what you do not need of the sandbox's files, then resume.",
};

export const restoreFailed = {
  ...{ code: "restore_mismatch", retryable: true },
  message:
    "What arrived in the new sandbox is not what was kept of the old one.",
  next: "Resume the replacement: the kept files are still there.",
};

const unconfirmed = {
  ...failed,
  message: "The provider did not confirm the stop.",
  next: "Stop it again.",
};

/** What "Stop all" stopped: one that fares each way. */
export const fleet = {
  items: [
    {
      ...{ slotId: "slot1", name: "default", state: "stopping" },
      slot: { status: "stopping", since: ago(2), step: "stop" },
    },
    {
      ...{ slotId: "slot2", name: "github.com/a/b/pdf", state: "stopped" },
      slot: { status: "stopped", since: ago(9), by: "user" },
    },
    {
      ...{ slotId: "slot3", name: "github.com/a/b/deploy", state: "failed" },
      ...{ slot: { status: "running", since: ago(9) }, error: unconfirmed },
    },
    {
      ...{ slotId: "slot4", name: "github.com/a/b/xlsx", state: "restoring" },
      slot: { status: "queued", since: ago(4) },
    },
    { ...{ slotId: "slot5", name: "", state: "stopped" }, slot: null },
  ],
} as unknown as FleetView;
