import { expect, jest, test } from "bun:test";
import { eventStream, type EventSink } from "./event-stream";

function open(limits: { heartbeatMs?: number; deadlineMs?: number } = {}) {
  const leaving = new AbortController();
  const source = { sink: null as EventSink | null, stops: 0 };
  const response = eventStream(
    (sink) => {
      source.sink = sink;
      return () => {
        source.stops += 1;
      };
    },
    {
      signal: leaving.signal,
      ...{ heartbeatMs: 60_000, deadlineMs: 60_000 },
      ...limits,
    },
  );
  return { source, response, leave: () => leaving.abort() };
}

test("events are told in order, and the end stops the source once", async () => {
  const { source, response } = open();
  source.sink?.send("launch", { text: "two\nlines" });
  source.sink?.end();
  source.sink?.send("launch", "too late");
  source.sink?.end();
  expect(await response.text()).toBe(
    'retry: 2000\n\nevent: launch\ndata: {"text":"two\\nlines"}\n\n',
  );
  expect(source.stops).toBe(1);
});

/** What comes when the client reads once more. */
async function next(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<string> {
  const chunk = await reader?.read();
  return chunk?.value ? new TextDecoder().decode(chunk.value) : "(end)";
}

test("a client that reads slowly is told the newest state, and nothing is held but that", async () => {
  const { source, response } = open();
  const reader = response.body?.getReader();
  let told = 0;
  const state = (n: number) => ({
    // Written when it is told, not when it is made.
    toJSON: () => {
      told += 1;
      return n;
    },
  });
  for (let n = 1; n <= 1_000; n++) source.sink?.send("launch", state(n));
  expect(told).toBe(0);
  expect(await next(reader)).toBe("retry: 2000\n\n");
  expect(await next(reader)).toBe("event: launch\ndata: 1000\n\n");
  for (let n = 1_001; n <= 2_000; n++) source.sink?.send("launch", state(n));
  expect(await next(reader)).toBe("event: launch\ndata: 1001\n\n");
  expect(await next(reader)).toBe("event: launch\ndata: 2000\n\n");
  expect(told).toBe(3);

  // One that has waited for a state has it at once, and once.
  const waits = next(reader);
  await new Promise(setImmediate);
  source.sink?.send("launch", state(2_001));
  expect(await waits).toBe("event: launch\ndata: 2001\n\n");
  source.sink?.end();
  expect(await next(reader)).toBe("(end)");
});

test("one that has read nothing at the end is told the last state and the end", async () => {
  const { source, response } = open();
  for (let n = 1; n <= 9; n++) source.sink?.send("launch", n);
  source.sink?.end({ event: "end", data: { state: "ready" } });
  expect(source.stops).toBe(1);
  expect(await response.text()).toBe(
    'retry: 2000\n\nevent: launch\ndata: 9\n\nevent: end\ndata: {"state":"ready"}\n\n',
  );
});

test("a client that reads nothing is sent no signs of life", async () => {
  jest.useFakeTimers();
  try {
    const { source, response, leave } = open({ heartbeatMs: 10 });
    jest.advanceTimersByTime(50_000);
    leave();
    expect(source.stops).toBe(1);
    expect(await response.text()).toBe("retry: 2000\n\n");
  } finally {
    jest.useRealTimers();
  }
});

test("silence is filled with comments, until the deadline ends it", async () => {
  const { source, response } = open({ heartbeatMs: 5, deadlineMs: 100 });
  expect(await response.text()).toContain(": beat\n\n: beat\n\n");
  expect(source.stops).toBe(1);
});

test("a client that leaves stops the source", async () => {
  const aborted = open();
  aborted.leave();
  await aborted.response.text();
  expect(aborted.source.stops).toBe(1);

  const cancelled = open();
  await cancelled.response.body?.cancel();
  expect(cancelled.source.stops).toBe(1);
});

test("one that left before it began, and a source that ends at once, are stopped", async () => {
  const gone = new AbortController();
  gone.abort();
  for (const [signal, endsAtOnce] of [
    [gone.signal, false],
    [new AbortController().signal, true],
  ] as const) {
    let stops = 0;
    const response = eventStream(
      (sink) => {
        if (endsAtOnce) sink.end();
        return () => {
          stops += 1;
        };
      },
      { signal, heartbeatMs: 60_000, deadlineMs: 60_000 },
    );
    await response.text();
    expect(stops).toBe(1);
  }
});

test("a proxy is told to hold nothing back", () => {
  const { response, leave } = open();
  expect(response.headers.get("cache-control")).toContain("no-transform");
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  leave();
});
