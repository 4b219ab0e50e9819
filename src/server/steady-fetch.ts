import { ApiError } from "./problem";

/**
 * Waits before each further try, each drawn from half to half as much again, so that
 * those crowded out together part. A restart of the embedded backend takes about 1 s.
 */
const WAITS_MS = [150, 400, 1_000, 2_000];
/** Busy, overloaded, or not there yet. Everything asked through here is idempotent. */
const AGAIN = new Set([429, 502, 503, 504]);
const LIMIT_MS = 60_000;

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` for a Convex client: tries again while the deployment is overloaded or
 * unreachable, and turns what the client would throw as bare text into coded
 * failures.
 *
 * @throws ApiError `not_signed_in` when the token is refused, `provider_busy`
 * or `internal` when the backend stays away.
 */
export async function steadyFetch(
  input: string,
  init: RequestInit = {},
  fetchOnce: Fetch = fetch,
  waits: readonly number[] = WAITS_MS,
): Promise<Response> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  for (const wait of [...waits, null]) {
    const answer = await attempt(() => fetchOnce(input, { ...init, signal }));
    if (answer instanceof Response && !AGAIN.has(answer.status)) {
      return await judge(answer);
    }
    if (wait === null || signal.aborted) throw unavailable(answer);
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
  throw unavailable(null);
}

async function attempt(
  call: () => Promise<Response>,
): Promise<Response | TypeError | DOMException> {
  try {
    return await call();
  } catch (error) {
    // What fetch throws when nothing answers; anything else is our own fault.
    if (error instanceof TypeError || error instanceof DOMException)
      return error;
    throw error;
  }
}

async function judge(response: Response): Promise<Response> {
  if (response.status !== 401 && response.status !== 403) return response;
  await response.body?.cancel();
  throw new ApiError(
    "not_signed_in",
    "The token is not valid here, or it has expired.",
  );
}

function unavailable(answer: Response | Error | null): ApiError {
  const busy = answer instanceof Response;
  return new ApiError(
    "provider_busy",
    busy
      ? "The backend has too much to do right now."
      : "The backend does not answer.",
  );
}
