import { expect, test } from "bun:test";
import type { Id } from "../_generated/dataModel";
import type { ActionCtx } from "../_generated/server";
import { relayStream, type Call } from "./stream";

/** An action's context whose settling takes its time. */
function callOf(settle: () => Promise<void>): Call {
  // Of an action's context only this is used.
  const ctx = {
    runMutation: async () => {
      await Bun.sleep(30);
      await settle();
    },
  } as unknown as ActionCtx;
  return {
    ctx,
    requestId: "request" as Id<"modelRequests">,
    turnId: "turn" as Id<"turns">,
    reserved: 100,
  };
}

const words = 'data: {"choices":[{"delta":{"content":"one"}}]}\n\n';
const provider = (text: string) => new Response(text);

test("a stream ends after what it cost was recorded: later work may be cut", async () => {
  let settled = false;
  const call = callOf(async () => {
    settled = true;
  });
  const answer = relayStream(call, provider(`${words}data: [DONE]\n\n`));
  expect(await answer.text()).toContain("[DONE]");
  expect(settled).toBe(true);
});

test("one that breaks off is recorded, too, before its end", async () => {
  let settled = false;
  const call = callOf(async () => {
    settled = true;
  });
  expect(await relayStream(call, provider(words)).text()).toContain("broke");
  expect(settled).toBe(true);
});

test("a stream ends even where its cost could not be recorded", async () => {
  const call = callOf(() => Promise.reject(new Error("no database")));
  const answer = relayStream(call, provider(`${words}data: [DONE]\n\n`));
  expect(await answer.text()).toContain("[DONE]");
});
