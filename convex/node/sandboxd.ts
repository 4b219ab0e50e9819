"use node";

import { z } from "zod";

/** Where a sandbox's daemon answers: its private preview, and our key to it. */
export type DaemonAddress = {
  url: string;
  previewToken: string;
  /** undefined: ask as a stranger would. */
  key: string | undefined;
};

/** A request that the daemon did not answer as agreed. */
export class RemoteError extends Error {
  constructor(
    /** `unreachable` and `timeout`: nobody answered; `status`: the daemon said no. */
    readonly kind: "unreachable" | "timeout" | "status",
    message: string,
    readonly status?: number,
    readonly code?: string,
    readonly body?: unknown,
  ) {
    super(message);
  }
}

/** Nothing a daemon says is larger than this, in bytes; it is not trusted to stop by itself. */
const MAX_ANSWER = 8 * 1024 * 1024;

const refusal = z.object({
  // A lone surrogate could not be stored.
  code: z
    .string()
    .max(100)
    .transform((code) => code.toWellFormed()),
});

type Method = "GET" | "POST" | "PUT" | "DELETE";

type AskOptions = {
  json?: unknown;
  body?: Uint8Array<ArrayBuffer> | Blob;
  headers?: Record<string, string>;
  timeoutMs: number;
  /** Ends the request, and the reading of its answer, early. */
  signal?: AbortSignal;
};

/**
 * One request to a sandbox's daemon. Answers its JSON body, unparsed by us:
 * callers check its shape, for nothing a sandbox says is trusted.
 * Throws RemoteError.
 */
export async function askDaemon(
  address: DaemonAddress,
  method: Method,
  path: string,
  options: AskOptions,
): Promise<unknown> {
  const response = await send(address, method, path, options);
  const answer = parseJson(await readBounded(response));
  if (response.ok) return answer;
  throw refused(response, answer);
}

/**
 * One request whose answer is not JSON but a stream. Its chunks and their end
 * throw RemoteError, as the call itself does; the reader counts them, and
 * reads them to the end or breaks off.
 */
export async function streamDaemon(
  address: DaemonAddress,
  method: Method,
  path: string,
  options: AskOptions,
): Promise<{ headers: Headers; chunks: AsyncGenerator<Uint8Array> }> {
  const response = await send(address, method, path, options);
  if (!response.ok) {
    throw refused(response, parseJson(await readBounded(response)));
  }
  return { headers: response.headers, chunks: chunksOf(response) };
}

async function send(
  address: DaemonAddress,
  method: Method,
  path: string,
  options: AskOptions,
): Promise<Response> {
  const body =
    options.json === undefined ? options.body : JSON.stringify(options.json);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    return await fetch(address.url.replace(/\/$/, "") + path, {
      method,
      headers: {
        "x-daytona-preview-token": address.previewToken,
        "x-daytona-skip-preview-warning": "true",
        ...(address.key !== undefined && {
          authorization: `Bearer ${address.key}`,
        }),
        ...(options.json !== undefined && {
          "content-type": "application/json",
        }),
        ...options.headers,
      },
      ...(body !== undefined && { body }),
      redirect: "manual", // the provider answers a lost token with a login page
      signal: options.signal
        ? AbortSignal.any([timeout, options.signal])
        : timeout,
    });
  } catch (error) {
    throw unanswered(error);
  }
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  try {
    // Async iterable in Node, where this runs; the types are the browser's.
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw unanswered(error);
  }
}

function unanswered(error: unknown): RemoteError {
  const timedOut =
    error instanceof DOMException && error.name === "TimeoutError";
  return new RemoteError(
    timedOut ? "timeout" : "unreachable",
    timedOut
      ? "The sandbox did not answer in time."
      : "The sandbox cannot be reached.",
  );
}

function refused(response: Response, answer: unknown): RemoteError {
  const coded = refusal.safeParse(answer);
  if (!coded.success) {
    // Not the daemon's own words: the proxy before it speaks for a port nobody listens on.
    return new RemoteError(
      "unreachable",
      `The way to the sandbox answered ${response.status}.`,
      response.status,
    );
  }
  return new RemoteError(
    "status",
    `The sandbox's daemon answered ${response.status} ${coded.data.code}.`,
    response.status,
    coded.data.code,
    answer,
  );
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(response)) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER) {
      throw new RemoteError(
        "unreachable",
        "The sandbox's answer is too large.",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // judged by whoever expected a shape
  }
}

/** Waits between tries while a booting daemon does not listen yet, in ms; about 5 s in all. */
const BOOT_WAITS = [50, 100, 200, 400, 800, 1_500, 2_000] as const;

/** No new try after this: a daemon that answers slowly must not outlast the worker's lease. */
const BOOT_PATIENCE = 10_000;

/** Asks again while nobody listens: right after a boot the port opens within moments. */
export async function askBooting<T>(ask: () => Promise<T>): Promise<T> {
  const until = Date.now() + BOOT_PATIENCE;
  for (const wait of BOOT_WAITS) {
    try {
      return await ask();
    } catch (error) {
      const booting =
        error instanceof RemoteError && error.kind === "unreachable";
      if (!booting || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return ask();
}
