import { expect, test } from "bun:test";
import { refuse } from "@convex/model/errors";
import { insist } from "./insist";

/** A server that fails so often before it answers. */
function server(failures: unknown[]) {
  const calls = { count: 0 };
  const send = () => {
    const error = failures[calls.count];
    calls.count += 1;
    return error === undefined
      ? Promise.resolve("taken")
      : Promise.reject(error as Error);
  };
  return { calls, send };
}

const crowdedOut = new Error("Server Error");

test("what the server could not take is sent again", async () => {
  const { calls, send } = server([crowdedOut, crowdedOut]);
  expect(await insist(send, [0, 0])).toBe("taken");
  expect(calls.count).toBe(3);
});

test("what it refuses with a reason is not", async () => {
  const refused = refuse("rate_limited", "You sent very many messages.");
  const { calls, send } = server([refused]);
  await expect(insist(send, [0, 0])).rejects.toBe(refused);
  expect(calls.count).toBe(1);
});

test("a server that never can is given up, with what it said last", async () => {
  const last = new Error("Still not");
  const { calls, send } = server([crowdedOut, crowdedOut, last]);
  await expect(insist(send, [0, 0])).rejects.toBe(last);
  expect(calls.count).toBe(3);
});
