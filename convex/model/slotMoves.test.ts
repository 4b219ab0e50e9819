import { expect, test } from "bun:test";
import { after, NOW, stopping } from "./slotFixtures";

test("a stop that does not happen in time is said, until it is wanted on or moves", () => {
  const { state } = after(stopping, { type: "expired" });
  expect(state).toMatchObject({
    status: "running",
    error: { code: "stop_timed_out", retryable: true },
  });
  const since = NOW;
  const on = after(state, { type: "want", by: "owner" });
  expect(on).toMatchObject({ state: { status: "running", since } });
  expect(on.state).not.toHaveProperty("error");
  expect(after(state, { type: "stop" }).state).not.toHaveProperty("error");
});
