import type { Fault } from "./faults";

const DEFAULT_MS = 1_000;
/** How old a stale view is: what the real service's list has been seen to lag. */
const DEFAULT_STALE_MS = 2_000;

/** How a handler is to behave otherwise than it would. */
export interface Twist {
  /** Answer as if it were under way, and do nothing. */
  noEffect?: boolean;
  /** Show the world as it was this long ago. */
  staleMs?: number;
  /** Start this instead of the snapshot's entrypoint. */
  entrypoint?: string[];
  /** An image that is asked for does not build. */
  buildFails?: boolean;
  /** A start ends in an error that can be recovered from. */
  startFails?: boolean;
}

type Serve = (request: Request, twist: Twist) => Promise<Response>;

/**
 * Serves a request through what befalls it.
 *
 * @param fail makes the wire's error answer
 */
export async function befall(
  { kind, status, ms }: Fault,
  request: Request,
  serve: Serve,
  fail: (status: number, message: string) => Response,
): Promise<Response> {
  const drop = async () => {
    const answer = await serve(request, {});
    await answer.body?.cancel();
  };
  switch (kind) {
    case "latency":
      await pause(ms ?? DEFAULT_MS, request.signal);
      return serve(request, {});
    case "late-answer": {
      const answer = await serve(request, {});
      await pause(ms ?? DEFAULT_MS, request.signal);
      return answer;
    }
    case "hang":
      await pause(ms ?? null, request.signal);
      return fail(504, "Injected fault: hang");
    case "late-effect": {
      // Read first: the body is gone once the client is.
      const body = await request.arrayBuffer();
      const { method, headers } = request;
      const copy = new Request(request.url, {
        ...{ method, headers },
        body: body.byteLength > 0 ? body : null,
      });
      await pause(ms ?? null, request.signal);
      serve(copy, {}).then(
        (answer) => answer.body?.cancel(),
        (error) => console.error("late effect:", error),
      );
      return fail(504, "Injected fault: the effect comes after this answer");
    }
    case "error-before":
      return fail(status, "Injected fault: error before the effect");
    case "error-after":
      await drop();
      return fail(status, "Injected fault: error after the effect");
    case "reset-before":
      return reset();
    case "reset-after":
      await drop();
      return reset();
    case "disk-full":
      return fail(500, "Injected fault: no space left on device");
    case "no-effect":
      return serve(request, { noEffect: true });
    case "stale":
      return serve(request, { staleMs: ms ?? DEFAULT_STALE_MS });
    case "build-fails":
      return serve(request, { buildFails: true });
    case "start-fails":
      return serve(request, { startFails: true });
    case "entrypoint-hangs":
      return serve(request, { entrypoint: ["/bin/sleep", "infinity"] });
    case "entrypoint-dies":
      return serve(request, { entrypoint: ["/bin/false"] });
  }
}

/** A body that breaks before its first byte: Bun drops the connection unanswered. */
function reset(): Response {
  const broken = new ReadableStream({
    pull: (controller) => controller.error("Injected fault: connection reset"),
  });
  return new Response(broken);
}

/** Waits for `ms` (null: for ever), or until the client gives up. */
function pause(ms: number | null, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === null ? undefined : setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
