import { Refusal } from "./backend";
import type { Ending } from "./closing";
import { inward, outward } from "./headers";
import type { Asked } from "./hosts";
import type { Limits } from "./limits";
import { refusalTo } from "./pages";
import type { Preview } from "./previews";
import { streamed } from "./stream";

export type PreviewHost = Extract<Asked, { kind: "preview" }>;

/** Address of a preview's path at the provider. */
export function addressOf({ grant }: Preview, url: URL): string {
  return grant.target.url.replace(/\/+$/, "") + url.pathname + url.search;
}

export function headersOf(
  { grant }: Preview,
  request: Request,
  host: PreviewHost,
): Headers {
  return inward(request.headers, {
    token: grant.target.token,
    host: new URL(host.origin).host,
    origin: host.origin,
  });
}

/**
 * Passes a request on and its answer back, both as streams: nobody's pace is
 * ours. `cut` is to end the browser's connection, also one that takes nothing.
 */
export async function passOn(
  preview: Preview,
  request: Request,
  url: URL,
  host: PreviewHost,
  limits: Limits,
  cut: () => void,
): Promise<Response> {
  const given = new AbortController();
  const leave = preview.enter((how: Ending) => {
    given.abort(how);
    cut();
  });
  if (!leave) return refusalTo(request, busy());
  const gone = () => given.abort("gone");
  request.signal.addEventListener("abort", gone, { once: true });
  const timer = setTimeout(() => given.abort(SILENT), limits.answer);
  const settled = () => {
    request.signal.removeEventListener("abort", gone);
    leave();
  };
  try {
    const answer = await fetch(addressOf(preview, url), {
      method: request.method,
      headers: headersOf(preview, request, host),
      // Servers answer to the whole of it, however long it is on its way.
      body: request.body && watched(request.body, () => timer.refresh()),
      redirect: "manual",
      decompress: false, // bytes as they are, and their encoding with them
      signal: given.signal,
    });
    preview.life.active = true;
    const headers = outward(answer.headers);
    const to = placeOf(answer, preview);
    if (to === "elsewhere") {
      await answer.body?.cancel();
      settled();
      return refusalTo(request, unreachable("answer"));
    }
    if (to !== null) headers.set("location", to);
    const { status, statusText } = answer;
    const body = streamed(answer.body, preview.life, settled, given.signal);
    return new Response(body, { status, statusText, headers });
  } catch (error) {
    settled();
    if (request.signal.aborted) return new Response(null, { status: 499 });
    if (!given.signal.aborted) {
      const { message } = error as Error;
      console.error(`preview of port ${portOf(preview)}: ${message}`);
      given.abort("failed"); // it may have begun, and go on without end
    }
    const did = given.signal.reason === SILENT ? "answer in time" : "answer";
    return refusalTo(request, unreachable(did));
  } finally {
    clearTimeout(timer);
  }
}

function portOf({ grant: { purpose } }: Preview): number {
  return purpose.kind === "port" ? purpose.port : 0;
}

/** Why a request that nothing moves on was given up. */
const SILENT = "no answer";

/** The same bytes, each piece of them told. */
function watched(
  body: ReadableStream<Uint8Array>,
  moved: () => void,
): ReadableStream<Uint8Array> {
  const transform = (
    chunk: Uint8Array,
    out: TransformStreamDefaultController<Uint8Array>,
  ) => {
    moved();
    out.enqueue(chunk);
  };
  return body.pipeThrough(new TransformStream({ transform }));
}

const busy = () =>
  new Refusal(
    503,
    "too_many",
    "This preview is busy",
    "Too many requests are under way at once. Close a tab and try again.",
  );

function unreachable(did: "answer" | "answer in time"): Refusal {
  return new Refusal(
    502,
    "sandbox_unreachable",
    "Nothing answers there",
    `The sandbox, or the server in it, did not ${did}. See in the terminal whether the server runs, and reload.`,
  );
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];

/**
 * Where an answer redirects to, as the browser has to read it. A server thinks
 * it is at its own loopback address. The provider's proxy answers a token it does
 * not take with a way to its login page: `elsewhere`, and nothing for a browser.
 */
function placeOf(answer: Response, { grant }: Preview): string | null {
  const location = answer.headers.get("location");
  if (location === null || !/^https?:\/\//i.test(location)) return location;
  if (!URL.canParse(location)) return location;
  const to = new URL(location);
  if (LOOPBACK.includes(to.hostname) && !isProvider(to, grant.target.url)) {
    return to.pathname + to.search + to.hash;
  }
  return isProvider(to, grant.target.url) ? "elsewhere" : location;
}

const isProvider = (to: URL, target: string) =>
  to.origin === new URL(target).origin;
