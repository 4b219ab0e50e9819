const encoder = new TextEncoder();

export const EVENT_STREAM = {
  "content-type": "text/event-stream",
  // no-transform: a proxy that compresses would hold events back.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
} as const;

export type EventSink = {
  /**
   * Tells the state, `data` as JSON. Each state is all there is to know, so one
   * that the client has no room for yet gives way to the next: however slowly it
   * reads, one waits for it. After the end it does nothing.
   */
  send(event: string, data: unknown): void;
  /** Ends the stream, and what feeds it; what waits is told first, then `last`. */
  end(last?: StreamEvent): void;
};

export type StreamEvent = { event: string; data: unknown };

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
  let tellWaiting: () => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let open = true;
      let stop: (() => void) | null = null;
      /** What the client has no room for yet. */
      let waiting: StreamEvent | null = null;
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      const tell = ({ event, data }: StreamEvent) =>
        write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      const hasRoom = () => (controller.desiredSize ?? 0) > 0;
      tellWaiting = () => {
        const newest = waiting;
        waiting = null; // first: what is told may be read, and more asked for, at once
        if (newest) tell(newest);
      };
      close = () => {
        if (!open) return;
        open = false;
        clearInterval(heartbeat);
        clearTimeout(deadline);
        signal.removeEventListener("abort", leave);
        stop?.();
      };
      const end = (last?: StreamEvent) => {
        if (!open) return;
        close();
        // Room or not: it is one state and the end, and no more will come.
        tellWaiting();
        if (last) tell(last);
        controller.close();
      };
      const leave = () => end();
      const heartbeat = setInterval(() => {
        // A client with something left to read needs no sign of life.
        if (hasRoom()) write(": beat\n\n");
      }, heartbeatMs);
      const deadline = setTimeout(leave, deadlineMs);
      signal.addEventListener("abort", leave);
      // A client that loses the stream asks again after this long.
      write("retry: 2000\n\n");
      stop = feed({
        send: (event, data) => {
          if (!open) return;
          waiting = { event, data };
          if (hasRoom()) tellWaiting();
        },
        end,
      });
      // It may have ended, or the client have left, before the source was running.
      if (!open) stop();
      else if (signal.aborted) end();
    },
    pull: () => tellWaiting(),
    cancel: () => close(),
  });
  return new Response(body, { headers: EVENT_STREAM });
}
