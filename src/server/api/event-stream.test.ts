import { expect, test } from "bun:test";
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
