import { internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import type { ActionCtx } from "../_generated/server";
import type { Usage } from "../model/chat/completion";
import { MAX_ANSWER_BYTES, MODEL_SILENCE, RECHECK } from "../model/chat/limits";
import { ModelStream } from "../model/chat/sse";
import { unavailable } from "../model/chat/upstream";
import { failure, type Failure } from "../model/errors";
import { within } from "../model/within";

/** One request through the model gateway: whose it is, and how it is streamed. */

export type Call = {
  ctx: ActionCtx;
  requestId: Id<"modelRequests">;
  turnId: Id<"turns">;
  reserved: number; // tokens of the turn's allowance
};

export const OVER = failure(
  "agent_lost",
  "No message is being answered, so the model is not available.",
);

/** Whether the request may go on. Keeps its place while it may. */
function stillAllowed({ ctx, requestId }: Call): Promise<boolean> {
  return ctx.runMutation(internal.gateway.renew, { requestId });
}

export async function settle(
  { ctx, ...call }: Call,
  usage: Usage | null,
  error: Failure | null,
): Promise<void> {
  await ctx.runMutation(internal.gateway.settle, { ...call, usage, error });
}

/** Waits while the turn goes on, five minutes at most; null when either gives out. */
export async function patiently<T>(
  call: Call,
  promise: Promise<T>,
): Promise<T | null> {
  const until = Date.now() + MODEL_SILENCE;
  while (Date.now() < until) {
    const value = await within(RECHECK, promise);
    if (value !== null) return value;
    if (!(await stillAllowed(call))) return null;
  }
  return null;
}

/** The provider's stream as our answer. */
export function relayStream(call: Call, upstream: Response): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  // Runs on after this function has answered, and reports by itself.
  void pump(call, upstream, writable.getWriter());
  return new Response(readable, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

type Writer = WritableStreamDefaultWriter<Uint8Array>;

/** Passes the stream on chunk by chunk; ends it when the turn is over. */
async function pump(
  call: Call,
  upstream: Response,
  writer: Writer,
): Promise<void> {
  const events = new ModelStream();
  const reader = upstream.body?.getReader();
  try {
    if (reader) {
      try {
        await passOn(call, reader, events, writer);
      } finally {
        await Promise.allSettled([reader.cancel()]); // it may have ended already
      }
    }
  } catch (error) {
    console.warn("model stream ended early:", nameOf(error));
  }
  if (!events.complete && !events.error) {
    // Or half an answer would be taken for the whole.
    const { failure: cut } = unavailable("The model's answer broke off.");
    const told = within(RECHECK, writer.write(events.fail(cut)));
    await Promise.allSettled([told]); // perhaps it is the agent that is gone
  }
  try {
    await settle(call, events.usage, events.error);
  } catch (error) {
    console.error("a model request was not settled:", nameOf(error));
  } finally {
    // Last: once the answer has ended, the platform may cut what still runs.
    await Promise.allSettled([close(writer)]); // it may be closed already
  }
}

/** Ends the answer; one that nobody reads to its end is given up. */
async function close(writer: Writer): Promise<void> {
  const closed = writer.close().then(() => true);
  if (await within(RECHECK, closed)) return;
  await writer.abort();
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

async function passOn(
  call: Call,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  events: ModelStream,
  writer: Writer,
): Promise<void> {
  let size = 0;
  let checkedAt = Date.now();
  let heardAt = Date.now();
  let reading = reader.read();
  for (;;) {
    const read = await within(RECHECK, reading);
    const now = Date.now();
    if (now - checkedAt >= RECHECK) {
      checkedAt = now;
      if (!(await stillAllowed(call))) {
        await within(RECHECK, writer.write(events.fail(OVER)));
        return;
      }
    }
    if (read === null) {
      if (now - heardAt < MODEL_SILENCE) continue;
      return;
    }
    if (read.done) return;
    heardAt = now;
    size += read.value.length;
    if (size > MAX_ANSWER_BYTES) return;
    const passed = events.take(read.value);
    if (passed.length > 0) {
      const written = writer.write(passed).then(() => true);
      if (!(await patiently(call, written))) return; // nobody reads it
    }
    if (events.error) return;
    reading = reader.read();
  }
}
