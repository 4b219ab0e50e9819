import type { SandboxView } from "../data/types";

/** A sandbox that is being made anew. */
export type Replacing = Extract<SandboxView["state"], { status: "replacing" }>;

export type Stage = {
  name: string;
  label: string;
  state: "done" | "running" | "failed" | "waiting";
};

/** The stages people see; waking is part of the copy that needs it. */
const STAGES = [
  { name: "keep", label: "Copy the files out", of: ["wake", "keep"] },
  { name: "stop", label: "Stop the old sandbox", of: ["stop"] },
  { name: "delete", label: "Delete it", of: ["delete"] },
  { name: "place", label: "Wait for its place", of: ["place"] },
  { name: "create", label: "Make the new sandbox", of: ["create"] },
  {
    name: "restore",
    label: "Copy the files in, and compare them",
    of: ["boot", "restore"],
  },
] as const satisfies {
  name: string;
  label: string;
  of: readonly Replacing["stage"][];
}[];

/** How far it has come, stage by stage. */
export function stagesOf({ stage, error }: Replacing): Stage[] {
  const at = STAGES.findIndex(({ of }) =>
    (of as readonly string[]).includes(stage),
  );
  return STAGES.map(({ name, label }, index) => ({
    name,
    label,
    state:
      index < at
        ? "done"
        : index > at
          ? "waiting"
          : error
            ? "failed"
            : "running",
  }));
}

/** The stage under way in a few words: "Copy the files out". */
export function stageWords(state: Replacing): string {
  const stage = stagesOf(state).find(
    (one) => one.state === "running" || one.state === "failed",
  );
  return stage?.label ?? "";
}
