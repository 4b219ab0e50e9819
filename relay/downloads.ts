import { Refusal, type Backend, type Grant } from "./backend";
import type { Limits } from "./limits";
import type { Seats } from "./seats";
import { streamed } from "./stream";
import { download } from "./toolbox";
import { Pulse, type Watch } from "./watch";

export type FileParts = {
  backend: Backend;
  watch: Watch;
  seats: Seats;
  limits: Limits;
};

/** The browser's connection, as far as its pace is ours to say. */
export type Reader = {
  /** From here on it may rest for as long as it likes: somebody pressed "pause". */
  mayRest(): void;
  /** Ends it, also one that takes nothing. */
  cut(): void;
};

/** One file out of a sandbox, as a stream to the disk and never as a page. */
export async function sendFile(
  { backend, watch, seats, limits }: FileParts,
  ticket: string,
  request: Request,
  reader: Reader,
): Promise<Response> {
  const { claim, purpose, target } = await backend.redeem(ticket, "file");
  if (purpose.kind !== "file") throw new Error("This is no file's ticket.");
  const { path } = purpose;
  if (!seats.take(claim.userId, path)) {
    throw new Refusal(
      503,
      "too_many",
      "Too many files are being downloaded at once.",
      "Wait until one is there, and try again.",
    );
  }
  const given = new AbortController();
  const signal = AbortSignal.any([request.signal, given.signal]);
  const life = new Pulse();
  const end = (how: string) => {
    given.abort(how);
    reader.cut();
  };
  reader.mayRest();
  const unwatch = watch.add({ claim, life, end });
  const timer = setTimeout(() => end("too long"), limits.fileLife);
  const begins = setTimeout(() => given.abort(SILENT), limits.answer);
  let open = true;
  const settled = () => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    unwatch();
    seats.leave(claim.userId, path);
  };
  try {
    const answer = await contentOf(target, path, signal);
    return new Response(streamed(answer.body, life, settled, signal), {
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": disposition(path),
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "no-store",
      },
    });
  } catch (error) {
    settled();
    if (request.signal.aborted) return new Response(null, { status: 499 });
    if (error instanceof Refusal) throw error;
    // Not the error itself: it holds the address, and with it the file's name.
    if (!given.signal.aborted) console.error(`a file: ${codeOf(error)}`);
    const ended = given.signal.aborted && given.signal.reason !== SILENT;
    throw ended ? changed() : unreachable();
  } finally {
    clearTimeout(begins);
  }
}

/** Why one that never began was given up. */
const SILENT = "no answer";
/** Its address is used up: to load it again is no way. */
const AGAIN = "Ask for the file again from Slipway.";

const codeOf = (error: unknown): string =>
  String((error as { code?: unknown }).code ?? (error as Error).name);

const changed = () =>
  new Refusal(
    409,
    "sandbox_changed",
    "The sandbox was stopped, or access to it taken back, before the file came.",
    AGAIN,
  );

const unreachable = () =>
  new Refusal(
    502,
    "sandbox_unreachable",
    "The sandbox did not give the file.",
    AGAIN,
  );

/** Throws Refusal, and what fetch throws. */
async function contentOf(
  target: Grant["target"],
  path: string,
  signal: AbortSignal,
): Promise<Response> {
  const answer = await download(target, `/home/daytona/${path}`, signal);
  if (answer.ok && answer.body) return answer;
  await answer.body?.cancel();
  throw answer.status === 404 || answer.status === 400
    ? new Refusal(
        404,
        "not_found",
        `There is no file ${path} in the sandbox.`,
        "Check its name in the terminal.",
      )
    : unreachable();
}

function disposition(path: string): string {
  const name = path.split("/").at(-1) ?? "file";
  const plain = name.replace(/[^\w.-]/g, "_");
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
