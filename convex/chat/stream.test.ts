import { expect, test } from "bun:test";
import type { Id } from "../_generated/dataModel";
import type { ActionCtx } from "../_generated/server";
import { relayStream, type Call } from "./stream";

function callOf(settle: () => Promise<void>): Call {
  // Of a context, all that is called here.
  const ctx = { runMutation: settle } as unknown as ActionCtx;
  return {
    ctx,
    requestId: "request" as Id<"modelRequests">,
    turnId: "turn" as Id<"turns">,
    reserved: 100,
  };
}

const words = 'data: {"choices":[{"delta":{"content":"one"}}]}\n\n';
const provider = (text: string) => new Response(text);

/** Reads an answer whose cost is recorded only when told; says whether it ended before. */
async function endedEarly(from: Response) {
  const asked = Promise.withResolvers<void>();
  const recorded = Promise.withResolvers<void>();
  const call = callOf(() => {
    asked.resolve();
    return recorded.promise;
  });
  let ended = false;
  const text = relayStream(call, from).text();
  const reading = text.then(() => (ended = true));
  await asked.promise;
  // Whatever is ready has run by then: an end that did not wait would show.
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  const early = ended;
  recorded.resolve();
  await reading;
  return { early, text: await text };
}

test("a stream ends after what it cost was recorded: later work may be cut", async () => {
  const answer = await endedEarly(provider(`${words}data: [DONE]\n\n`));
  expect(answer.text).toContain("[DONE]");
  expect(answer.early).toBe(false);
});

test("one that breaks off is recorded, too, before its end", async () => {
  const answer = await endedEarly(provider(words));
  expect(answer.text).toContain("broke");
  expect(answer.early).toBe(false);
});

test("one whose connection breaks does not end as if it were whole", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1;
      if (pulls > 1) return controller.error(new Error("connection reset"));
      controller.enqueue(new TextEncoder().encode(words));
    },
  });
  const answer = await endedEarly(new Response(body));
  expect(answer.text).toContain("one");
  expect(answer.text).toContain("broke off");
  expect(answer.early).toBe(false);
});

test("a stream ends even where its cost could not be recorded", async () => {
  const call = callOf(() => Promise.reject(new Error("no database")));
  const answer = relayStream(call, provider(`${words}data: [DONE]\n\n`));
  expect(await answer.text()).toContain("[DONE]");
});
