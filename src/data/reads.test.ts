import { expect, test } from "bun:test";
import { refuse } from "@convex/model/errors";
import { afterAnswer, freshHistory, readOf } from "./reads";

const crash = () => new Error("[Request ID: 1] Server Error");

test("a first failure is not fatal: 1, 2, 4 s, an error after the fourth", () => {
  let history = freshHistory<string>("q");
  for (const delay of [1_000, 2_000, 4_000]) {
    history = afterAnswer(history, { error: crash() });
    expect(history.pause).toBe(delay);
    expect(readOf(history)).toEqual({ status: "loading" });
    history = { ...history, pause: null, error: null };
  }
  history = afterAnswer(history, { error: crash() });
  expect(readOf(history)).toMatchObject({
    status: "failed",
    failure: { code: "internal" },
  });
});

test("a real refusal is shown at once, in its own words", () => {
  const history = afterAnswer(freshHistory<string>("q"), {
    error: refuse("not_found", "There is no such session."),
  });
  expect(readOf(history)).toMatchObject({
    status: "failed",
    failure: { code: "not_found", message: "There is no such session." },
  });
});

test("later data replaces any error", () => {
  const failed = afterAnswer(freshHistory<string>("q"), {
    error: refuse("not_found", "No."),
  });
  expect(readOf(afterAnswer(failed, { value: "here" }))).toEqual({
    status: "ready",
    value: "here",
    stale: null,
  });
});

test("a failure keeps the last good value and says that it is stale", () => {
  let history = afterAnswer(freshHistory<string>("q"), { value: "good" });
  history = afterAnswer(history, { error: refuse("not_found", "No.") });
  expect(readOf(history)).toMatchObject({
    status: "ready",
    value: "good",
    stale: { code: "not_found" },
  });
});
