import { failure } from "./errors";
import type { Replacing } from "./replace";
import { decide, type Resting, type SlotEvent, type SlotState } from "./slot";

/** Slots in every state, for the tests of the state machine. */

export const NOW = 1_000_000;
export const refused = failure("provider_refused", "no");
export const silent = failure("provider_unavailable", "no answer");

export function after(state: SlotState, event: SlotEvent, strikes = 0) {
  return decide({ state, generation: 3, strikes }, event, NOW);
}
export const outcome = (
  value: Extract<SlotEvent, { type: "outcome" }>["outcome"],
): SlotEvent => ({ type: "outcome", outcome: value });
export const present = (
  provider: Extract<
    Extract<SlotEvent, { type: "outcome" }>["outcome"],
    { kind: "present" }
  >["provider"],
) => outcome({ kind: "present", remoteId: "r", provider });

export const creating: SlotState = {
  status: "creating",
  since: 0,
  step: "create",
};
export const claiming: SlotState = {
  status: "creating",
  since: 0,
  step: "claim",
};
export const starting: SlotState = {
  status: "starting",
  since: 0,
  step: "start",
};
export const running: SlotState = { status: "running", since: 0 };
export const stopping: SlotState = {
  status: "stopping",
  since: 0,
  step: "stop",
};
export const stopped: Resting = { status: "stopped", since: 0, by: "user" };
export const deleting: SlotState = {
  status: "deleting",
  since: 0,
  step: "delete",
};
export const failed: Resting = { status: "failed", since: 0, error: refused };
export const empty: Resting = { status: "empty" };
export const queued = (from: Resting, reason = "launch"): SlotState =>
  ({ status: "queued", since: 0, from, for: reason }) as SlotState;
export const replacing = (about: Partial<Replacing>): SlotState => ({
  ...{ status: "replacing", since: 0, stage: "keep", stageSince: 0 },
  ...{ step: "keep", ...about },
});
export const all: SlotState[] = [
  queued(empty),
  queued(stopped, "owner"),
  queued(stopped, "replace"),
  replacing({}),
  replacing({ stage: "wake", step: "claim" }),
  replacing({ stage: "stop", step: "stop" }),
  replacing({ stage: "delete", step: "look" }),
  replacing({ stage: "place", step: "wait" }),
  replacing({ stage: "create", step: "create" }),
  replacing({ stage: "create", step: "claim" }),
  replacing({ stage: "boot", step: "start" }),
  replacing({ stage: "restore", step: "restore" }),
  replacing({ error: refused }),
  replacing({ stage: "place", step: "wait", error: refused }),
  replacing({ stage: "restore", step: "restore", error: refused }),
  empty,
  creating,
  claiming,
  starting,
  running,
  stopping,
  stopped,
  deleting,
  failed,
];

const PROVIDER = [
  "started",
  "starting",
  "stopped",
  "stopping",
  "deleting",
  "failed",
] as const;

/** Events of every kind. */
export const events: SlotEvent[] = [
  { type: "want" },
  { type: "want", by: "owner" },
  { type: "admit" },
  { type: "deny", error: refused },
  { type: "replace" },
  { type: "resume" },
  { type: "cancel" },
  { type: "stop" },
  { type: "remove" },
  { type: "abandon" },
  { type: "insecure" },
  { type: "full" },
  { type: "unusable" },
  { type: "expired" },
  outcome({ kind: "claimed" }),
  outcome({ kind: "gone" }),
  outcome({ kind: "conflict" }),
  outcome({ kind: "unknown", error: silent }),
  outcome({ kind: "refused", error: refused }),
  outcome({ kind: "kept" }),
  outcome({ kind: "restored" }),
  outcome({ kind: "mismatch" }),
  outcome({ kind: "unclaimed" }),
  outcome({ kind: "busy" }),
  { type: "probe", probe: { kind: "gone" } },
  { type: "probe", probe: { kind: "unknown" } },
  ...PROVIDER.map(present),
  ...PROVIDER.map((provider): SlotEvent => ({
    type: "probe",
    probe: { kind: "present", provider, daemon: "unclaimed" },
  })),
];
