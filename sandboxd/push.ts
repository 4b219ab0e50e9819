import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { TurnLog } from "./events";
import { log } from "./log";
import { pause } from "./pause";

export type PushTarget = { url: string; token: string };

export const BATCH_MS = 200;
const MAX_BATCH_EVENTS = 256;
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BACKOFF_MS = 15_000;
const CALL_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends the events of one turn in order until the end was taken, the receiver
 * says 410, or `signal` aborts. Resolves to whether the end was taken. `target`
 * may change meanwhile: what is tried next goes there.
 */
export async function pushTurn(
  turnId: string,
  events: TurnLog,
  target: PushTarget,
  signal: AbortSignal,
): Promise<boolean> {
  let from = 0;
  let failures = 0;
  while (!signal.aborted) {
    await untilMore(events, from, signal);
    if (signal.aborted) break;
    const batch = events.read(from, MAX_BATCH_BYTES, MAX_BATCH_EVENTS);
    const body = JSON.stringify({ turnId, from, events: batch });
    const answer = await post(target, body, signal);
    const next = answer.next;
    const moved = next !== null && next <= events.next && next >= 0;
    if (answer.status === 200 && moved && next > from) {
      from = next;
      failures = 0;
    } else if (answer.status === 409 && moved && next !== from) {
      from = next;
      failures = 0;
    } else if (answer.status === 410) {
      return false;
    } else {
      failures += 1;
      if (failures === 1 || failures % 10 === 0) {
        log(`turn ${turnId}: push answered ${answer.status}, will try again`);
      }
    }
    if (events.ended && from >= events.next) return true;
    await pause(backoff(failures), signal);
  }
  return false;
}

/** Resolves at once when there is more to send, else when there is. */
async function untilMore(events: TurnLog, from: number, signal: AbortSignal) {
  if (events.next > from || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      unwatch();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const unwatch = events.watch(done);
    signal.addEventListener("abort", done);
  });
}

function backoff(failures: number): number {
  if (failures === 0) return BATCH_MS;
  const full = Math.min(MAX_BACKOFF_MS, 500 * 2 ** (failures - 1));
  return full * (0.5 + Math.random() / 2);
}

type Answer = { status: number; next: number | null };

/** One POST. Status 0 stands for "no answer". Never rejects. */
function post(target: PushTarget, body: string, signal: AbortSignal) {
  return new Promise<Answer>((resolve) => {
    const url = new URL(target.url);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const call = send({
      ...route(url),
      method: "POST",
      headers: {
        host: url.host,
        authorization: `Bearer ${target.token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
      signal,
      timeout: CALL_TIMEOUT_MS,
    });
    call.once("timeout", () => call.destroy(new Error("timeout")));
    call.once("error", () => resolve({ status: 0, next: null }));
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (text.length < MAX_ANSWER_BYTES) text += chunk;
      });
      response.once("error", () => resolve({ status: 0, next: null }));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, next: nextOf(text) }),
      );
    });
    call.end(body);
  });
}

/** Node 20 has no proxy support of its own. Only http goes through it. */
function route(url: URL): RequestOptions {
  const direct: RequestOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port || undefined,
    path: url.pathname + url.search,
  };
  const proxy = process.env.http_proxy ?? process.env.HTTP_PROXY;
  if (url.protocol !== "http:" || !proxy || bypassed(url.hostname)) {
    return direct;
  }
  const { hostname, port } = new URL(proxy);
  return { host: hostname, port: port || 80, path: url.href };
}

function bypassed(host: string): boolean {
  const list = process.env.no_proxy ?? process.env.NO_PROXY ?? "";
  return list
    .split(",")
    .map((name) => name.trim().replace(/^\./, ""))
    .some(
      (name) => name !== "" && (host === name || host.endsWith(`.${name}`)),
    );
}

function nextOf(text: string): number | null {
  try {
    const { next } = JSON.parse(text) as { next?: unknown };
    return Number.isSafeInteger(next) ? (next as number) : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
