import { request, type IncomingMessage } from "node:http";
import { serverSentEvents, type ServerSentEvent } from "./sse";

export type HermesAddress = { port: number; key: string };

/** Hermes sends a comment every few seconds; silence this long is death. */
export const SILENCE_MS = 90_000;

/** It lives, as far as one can tell, but does not answer, or not any more. */
export class Silence extends Error {}

/**
 * A call to Hermes on loopback. `key: null` leaves authorization out. Throws
 * `Silence` when nothing is heard for `timeoutMs`, as does reading the answer.
 */
export async function callHermes(
  address: { port: number; key: string | null },
  options: {
    method?: string;
    path: string;
    headers?: Record<string, string>;
    body?: unknown;
    signal?: AbortSignal;
    timeoutMs?: number;
  },
): Promise<IncomingMessage> {
  const body =
    options.body === undefined ? undefined : JSON.stringify(options.body);
  return await new Promise((resolve, reject) => {
    const call = request({
      host: "127.0.0.1",
      port: address.port,
      method: options.method ?? "GET",
      path: options.path,
      headers: {
        ...(address.key !== null && { authorization: `Bearer ${address.key}` }),
        ...(body !== undefined && {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        }),
        ...options.headers,
      },
      timeout: options.timeoutMs ?? SILENCE_MS,
      // One connection each: a pooled one may be half dead after a restart.
      agent: false,
      ...(options.signal && { signal: options.signal }),
    });
    let answer: IncomingMessage | null = null;
    call.once("timeout", () => {
      (answer ?? call).destroy(new Silence("the agent fell silent"));
    });
    call.once("error", reject);
    call.once("response", (response) => resolve((answer = response)));
    call.end(body);
  });
}

/** The whole answer as JSON; null when it is not JSON. */
export async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The status alone; the body is read away. null when there is no answer. */
export async function statusFrom(
  address: { port: number; key: string | null },
  path: string,
): Promise<number | null> {
  try {
    const response = await callHermes(address, { path, timeoutMs: 5_000 });
    response.resume();
    return response.statusCode ?? null;
  } catch {
    return null; // it does not listen yet, or is slow, or hangs, or is gone
  }
}

/** One turn in one session, as a stream of server-sent events. */
export async function streamTurn(
  address: HermesAddress,
  turn: { sessionId: string; system: string; text: string },
  signal: AbortSignal,
  silenceMs = SILENCE_MS,
): Promise<
  | { ok: true; events: AsyncGenerator<ServerSentEvent> }
  | { ok: false; status: number }
> {
  const response = await callHermes(address, {
    method: "POST",
    path: "/v1/chat/completions",
    headers: { "x-hermes-session-id": turn.sessionId },
    body: {
      model: "hermes-agent",
      stream: true,
      messages: [
        { role: "system", content: turn.system },
        { role: "user", content: turn.text },
      ],
    },
    signal,
    timeoutMs: silenceMs,
  });
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    response.resume();
    return { ok: false, status };
  }
  return { ok: true, events: serverSentEvents(response) };
}
