import { ApiError } from "./problem";

/**
 * Waits before each further try, each drawn from half to half as much again, so that
 * those crowded out together part. A restart of the embedded backend takes about 1 s.
 */
const WAITS_MS = [150, 400, 1_000, 2_000];
/** Busy, overloaded, or not there yet. */
const AGAIN = new Set([429, 502, 503, 504]);
/** No connection came about, so nothing was sent: the codes Node gives the cause. */
const UNREACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** Codes of a deployment's 503 that mean nothing was done: not run, or its transaction lost. */
const UNDONE = new Set([
  "OptimisticConcurrencyControlFailure",
  "ExpiredInQueue",
  "ExecuteFullError",
  "InitialPermitTimeoutError",
  "WorkerOverloaded",
  "Starting", // the embedded backend's
]);
const LIMIT_MS = 60_000;

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

type Steadiness = {
  /** Asked twice is asked once. Otherwise it is asked again only where nothing was done. */
  repeatable?: boolean;
  fetchOnce?: Fetch;
  waits?: readonly number[];
};

/**
 * `fetch` for a Convex client: tries again while the deployment is overloaded or
 * unreachable, and turns what the client would throw as bare text into coded
 * failures.
 *
 * @throws ApiError `not_signed_in` when the token is refused, `provider_busy`
 * when the backend stays away, or may have done what must not be done twice.
 */
export async function steadyFetch(
  input: string,
  init: RequestInit = {},
  { repeatable = true, fetchOnce = fetch, waits = WAITS_MS }: Steadiness = {},
): Promise<Response> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  for (const wait of [...waits, null]) {
    const answer = await attempt(() => fetchOnce(input, { ...init, signal }));
    if (answer instanceof Response && !AGAIN.has(answer.status)) {
      return await judge(answer);
    }
    if (!repeatable && !(await isUndone(answer))) throw unknown();
    if (wait === null || signal.aborted) throw unavailable(answer);
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
  throw unavailable(null);
}

/** Whether an answer that asks for another try also says that nothing was done. */
async function isUndone(answer: Response | Error): Promise<boolean> {
  if (!(answer instanceof Response)) {
    const { cause } = answer;
    return (
      cause instanceof Error &&
      "code" in cause &&
      UNREACHED.has(String(cause.code))
    );
  }
  if (answer.status !== 503) return answer.status === 429;
  try {
    const { code } = (await answer.json()) as { code?: unknown };
    return UNDONE.has(String(code));
  } catch {
    return false; // no Convex error: a proxy's page, or one cut off
  }
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

function unknown(): ApiError {
  return new ApiError(
    "provider_busy",
    "The backend did not say whether this was done.",
    {
      next: "Look whether it was before you send it again. With an Idempotency-Key it could be sent again at once.",
    },
  );
}
