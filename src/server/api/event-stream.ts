const encoder = new TextEncoder();

export const EVENT_STREAM = {
  "content-type": "text/event-stream",
  // no-transform: a proxy that compresses would hold events back.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
} as const;

export type EventSink = {
  /** Sends one event; `data` as JSON. After the end it does nothing. */
  send(event: string, data: unknown): void;
  /** Ends the stream, and what feeds it. */
  end(): void;
};

export type EventStreamOptions = {
  /** Of the request: aborted when the client leaves. */
  signal: AbortSignal;
  /** Between comments that keep proxies from closing a silent connection. */
  heartbeatMs: number;
  /** However long its source goes on, it ends then; the client may ask anew. */
  deadlineMs: number;
};

/**
 * A stream of server-sent events. `feed` starts its source and returns how to
 * stop it, which happens exactly once: at the end, at the deadline, or when the
 * client leaves.
 */
export function eventStream(
  feed: (sink: EventSink) => () => void,
  { signal, heartbeatMs, deadlineMs }: EventStreamOptions,
): Response {
  let close: () => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let open = true;
      let stop: (() => void) | null = null;
      const write = (text: string) => {
        if (open) controller.enqueue(encoder.encode(text));
      };
      close = () => {
        if (!open) return;
        open = false;
        clearInterval(heartbeat);
        clearTimeout(deadline);
        signal.removeEventListener("abort", leave);
        stop?.();
      };
      const end = () => {
        if (!open) return;
        close();
        controller.close();
      };
      const leave = () => end();
      const heartbeat = setInterval(() => write(": beat\n\n"), heartbeatMs);
      const deadline = setTimeout(end, deadlineMs);
      signal.addEventListener("abort", leave);
      // A client that loses the stream asks again after this long.
      write("retry: 2000\n\n");
      stop = feed({
        send: (event, data) =>
          write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
        end,
      });
      // It may have ended, or the client have left, before the source was running.
      if (!open) stop();
      else if (signal.aborted) end();
    },
    cancel: () => close(),
  });
  return new Response(body, { headers: EVENT_STREAM });
}
