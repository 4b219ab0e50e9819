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

/**
 * One request to a sandbox's daemon. Answers its JSON body, unparsed by us:
 * callers check its shape, for nothing a sandbox says is trusted.
 * Throws RemoteError.
 */
export async function askDaemon(
  address: DaemonAddress,
  method: "GET" | "POST" | "PUT",
  path: string,
  options: {
    json?: unknown;
    body?: Uint8Array<ArrayBuffer> | Blob;
    headers?: Record<string, string>;
    timeoutMs: number;
  },
): Promise<unknown> {
  const body =
    options.json === undefined ? options.body : JSON.stringify(options.json);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address.url.replace(/\/$/, "") + path, {
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
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    text = await readBounded(response);
  } catch (error) {
    if (error instanceof RemoteError) throw error;
    const timedOut =
      error instanceof DOMException && error.name === "TimeoutError";
    throw new RemoteError(
      timedOut ? "timeout" : "unreachable",
      timedOut
        ? "The sandbox did not answer in time."
        : "The sandbox cannot be reached.",
    );
  }
  const answer = parseJson(text);
  if (response.ok) return answer;
  const coded = refusal.safeParse(answer);
  if (!coded.success) {
    // Not the daemon's own words: the proxy before it speaks for a port nobody listens on.
    throw new RemoteError(
      "unreachable",
      `The way to the sandbox answered ${response.status}.`,
      response.status,
    );
  }
  throw new RemoteError(
    "status",
    `The sandbox's daemon answered ${response.status} ${coded.data.code}.`,
    response.status,
    coded.data.code,
    answer,
  );
}

async function readBounded(response: Response): Promise<string> {
  if (!response.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
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
