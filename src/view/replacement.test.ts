import { expect, test } from "bun:test";
import { failure } from "@convex/model/errors";
import { stagesOf, stageWords, type Replacing } from "./replacement";

const at = (stage: Replacing["stage"], halted = false) =>
  ({
    ...{ status: "replacing", since: 1, stage, stageSince: 1, step: "look" },
    ...(halted && { error: failure("keep_failed", "No.") }),
  }) as Replacing;

const shown = (state: Replacing): string[] =>
  stagesOf(state).map((one) => one.state);

test("each stage has those before it behind it and the others to come", () => {
  expect(shown(at("keep"))).toEqual([
    ...["running", "waiting", "waiting"],
    ...["waiting", "waiting", "waiting"],
  ]);
  expect(shown(at("create"))).toEqual([
    ...["done", "done", "done", "done", "running", "waiting"],
  ]);
});

test("where it came to a halt is the stage that failed", () => {
  expect(shown(at("delete", true))).toEqual([
    ...["done", "done", "failed", "waiting", "waiting", "waiting"],
  ]);
});

test.each([
  ["wake", "keep"],
  ["boot", "restore"],
] as const)("waking for a copy is part of it: %s as %s", (part, whole) => {
  expect(stagesOf(at(part))).toEqual(stagesOf(at(whole)));
});

test.each([
  ...(["wake", "keep", "stop", "delete"] as const),
  ...(["place", "create", "boot", "restore"] as const),
])("%s is said in words", (stage) => {
  expect(stageWords(at(stage))).not.toBe("");
  expect(stageWords(at(stage, true))).not.toBe("");
});
