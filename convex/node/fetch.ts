"use node";

import { refuse } from "../model/errors";
import { LOCAL_HOST } from "../model/skills/key";

/** Redirects that are followed before giving up. */
const HOPS = 3;

export type SafeRequest = {
  /** The git host's name, for messages. */
  host: string;
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: Uint8Array;
  signal: AbortSignal;
};

/**
 * Fetches from a configured git host. Redirects are followed on the same origin
 * only: elsewhere they could lead into a private network. No credentials are sent.
 *
 * Throws `repo_unreachable` when there is no answer; any status is returned.
 */
export async function fetchFromHost(
  url: string,
  request: SafeRequest,
): Promise<Response> {
  const start = new URL(url);
  let at = start;
  for (let hop = 0; hop <= HOPS; hop++) {
    const answer = await answerOf(at, request);
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status >= 400 || !location) return answer;
    await answer.body?.cancel();
    const next = new URL(location, at);
    if (next.origin !== start.origin) {
      throw refuse(
        "repo_unreachable",
        `${request.host} sent us on to ${next.host}, which is not followed.`,
      );
    }
    at = next;
  }
  throw refuse("repo_unreachable", `${request.host} redirects without end.`);
}

async function answerOf(url: URL, request: SafeRequest): Promise<Response> {
  const { method, headers, signal } = request;
  const body = request.body as Uint8Array<ArrayBuffer> | undefined;
  try {
    return await fetch(url, {
      method,
      headers: { "user-agent": "git/2.43.0 slipway", ...headers },
      body,
      redirect: "manual",
      credentials: "omit",
      signal,
    });
  } catch (error) {
    throw unreachable(request.host, error);
  }
}

/** A network failure as a person reads it. */
export function unreachable(host: string, error: unknown) {
  const slow = error instanceof Error && error.name === "TimeoutError";
  const who = host === LOCAL_HOST ? "The skill host of this machine" : host;
  return refuse(
    "repo_unreachable",
    slow
      ? `${who} did not answer in time.`
      : `${who} cannot be reached from here.`,
  );
}
