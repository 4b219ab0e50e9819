import { z } from "zod";
import { jsonOf, understand } from "./answer";
import { UsageError } from "./arguments";
import { readEvents, type Heard, type ServerEvent } from "./events";

export const problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  next: z.string().optional(),
  status: z.number(),
  choices: z.array(z.object({ skill: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;

/** Slipway refused, and says why. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Whether there is nothing of yours with that name. */
export function isUnknown(error: unknown): error is Refused {
  return error instanceof Refused && error.problem.status === 404;
}

/** Whether it said that it cannot answer now: which is said of the moment, not of what was asked. */
export function isBusy(error: unknown): error is Refused {
  return error instanceof Refused && [429, 503].includes(error.problem.status);
}

/** Slipway, or what is in front of it, does not answer. */
export class Unreachable extends Error {
  /** `changes`: what was asked for may have been done all the same. */
  constructor(
    message: string,
    readonly changes = false,
  ) {
    super(message);
  }
}

const LIMIT_MS = 90_000; // a launch's link may have to be fetched first

/** In ms. */
export type Times = {
  /** So long a stream may say nothing: the server beats every 15 s. */
  silence: number;
  /** Before what was cut, or did not answer, is asked again. */
  pause: number;
};
const TIMES: Times = { silence: 45_000, pause: 1_000 };

/** The HTTP API at `origin`, with a token. */
export class Client {
  /** Whether something was asked for that changes things, and was taken. */
  hasAsked = false;

  constructor(
    private readonly origin: string,
    private readonly token: string,
    readonly times: Times = TIMES,
  ) {}

  /** @throws Refused, Unreachable, Misunderstood. */
  async ask<T>(
    method: string,
    path: string,
    answer: z.ZodType<T>,
    options: { body?: unknown; key?: string | null } = {},
  ): Promise<T> {
    const { body, key } = options;
    const response = await this.fetch(method, path, {
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: key ? { "idempotency-key": key } : {},
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await textOf(response, method !== "GET");
    this.hasAsked ||= method !== "GET";
    return this.understand(answer, jsonOf(text));
  }

  /** What came from there, as what was expected. @throws Misunderstood */
  understand<T>(expected: z.ZodType<T>, given: unknown): T {
    return understand(this.origin, expected, given);
  }

  /**
   * The events of a stream, until it closes.
   *
   * @throws Refused, and Unreachable also where it falls silent without closing.
   */
  async *events(
    path: string,
    signal?: AbortSignal,
  ): AsyncGenerator<ServerEvent> {
    const { silence } = this.times;
    const cut = new AbortController();
    // Only while something is waited for: whoever reads may take longer than that.
    const heard: Heard = (step) => {
      const why = new Error(`nothing was heard for ${silence / 1_000} s`);
      const timer = setTimeout(() => cut.abort(why), silence);
      return step.finally(() => clearTimeout(timer));
    };
    const either = AbortSignal.any(
      signal ? [signal, cut.signal] : [cut.signal],
    );
    const response = await heard(this.fetch("GET", path, { signal: either }));
    if (!response.body) throw new Unreachable("The stream has no body.");
    try {
      yield* readEvents(response.body, heard);
    } catch (error) {
      throw unreachable(this.origin, error);
    }
  }

  private async fetch(
    method: string,
    path: string,
    init: RequestInit,
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.token}`);
    const url = `${this.origin}/api/v1${path}`;
    const request = { ...init, method, headers };
    const response = await reach(url, request, method !== "GET");
    if (response.ok) return response;
    throw await refusal(response, method !== "GET");
  }
}

/** `fetch` whose failures say where nobody answered. @throws Unreachable, UsageError */
export async function reach(
  url: string,
  init: RequestInit,
  changes = false,
): Promise<Response> {
  const { origin } = new URL(url);
  const response = await answerOf(url, init, changes);
  const to = response.headers.get("location");
  // On its way elsewhere a request loses its token, and may become another.
  if (to !== null && response.status >= 300 && response.status < 400) {
    throw new UsageError(
      `${origin} sends to ${new URL(to, url).origin}. Set SLIPWAY_URL to where Slipway itself answers.`,
    );
  }
  return response;
}

async function answerOf(
  url: string,
  init: RequestInit,
  changes: boolean,
): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "manual" });
  } catch (error) {
    throw unreachable(new URL(url).origin, error, changes);
  }
}

function unreachable(
  origin: string,
  error: unknown,
  changes = false,
): Unreachable {
  const how = error instanceof Error ? error.message : String(error);
  const message = `Slipway does not answer at ${origin} (${oneLine(how)}).`;
  // Where nobody took the call, nothing was asked of anybody.
  const taken = !(error instanceof Error && codeOf(error) === REFUSED);
  return new Unreachable(message, changes && taken);
}

const REFUSED = "ConnectionRefused"; // Bun's name of it

function codeOf(error: Error): unknown {
  return "code" in error ? error.code : undefined;
}

/** Without the full stop that follows. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replace(/\.$/, "");
}

/** What is no problem of Slipway's is a proxy's, which may have passed the call on. */
async function refusal(response: Response, changes: boolean): Promise<Error> {
  const parsed = problem.safeParse(jsonOf(await textOf(response, changes)));
  if (parsed.success) return new Refused(parsed.data);
  const said = `${response.url} answered ${response.status}.`;
  return new Unreachable(said, changes && response.status >= 500);
}

/** A body may be cut, or not come within the limit. @throws Unreachable */
export async function textOf(
  response: Response,
  changes = false,
): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw unreachable(new URL(response.url).origin, error, changes);
  }
}
