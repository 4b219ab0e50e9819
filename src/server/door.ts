import { createHash } from "node:crypto";
import { networkOf } from "@convex/model/address";
import { refuse, toFailure } from "@convex/model/errors";
import { addressOf } from "./address";
import { Buckets, type Rate } from "./buckets";
import { serverEnvironment } from "./environment";
import { ApiError } from "./problem";

/** Hundreds of programs behind one address do not meet it; a loop without a pause does. */
export const REQUESTS: Rate = { perMinute: 6_000, burst: 12_000 };

/** Tokens nobody has, each counted once: a script that goes on with a revoked one guesses nothing. */
export const GUESSES: Rate = { perMinute: 30, burst: 60 };

/** Tokens remembered as judged. */
const REMEMBERED = 10_000;

/**
 * How much one address may ask of the HTTP API, and how many tokens it may try.
 * An address that has tried too many is refused further ones before anybody
 * looks at them; tokens that were judged already, right or wrong, still go
 * through. In this process's memory: a limit costs no request anything.
 */
export class Door {
  private readonly requests: Buckets;
  private readonly guesses: Buckets;
  private readonly judged = new Set<string>();
  /** Tried for the first time just now: many requests with one are one try. */
  private readonly judging = new Set<string>();

  constructor(now: () => number = Date.now) {
    this.requests = new Buckets(REQUESTS, now);
    this.guesses = new Buckets(GUESSES, now);
  }

  /**
   * Runs `work` for a request of this address (null: not counted) with these
   * credentials (null: none).
   *
   * @throws ConvexError `rate_limited`, or what `work` throws
   */
  async through<T>(
    address: string | null,
    credentials: string | null,
    work: () => Promise<T>,
  ): Promise<T> {
    if (address === null) return work();
    const key = networkOf(address);
    requireRoom(this.requests.take(key), "Very many requests");
    if (credentials === null) return work();
    const token = createHash("sha256").update(credentials).digest("base64url");
    if (this.judged.has(token) || this.judging.has(token)) return work();
    // Taken before it is judged, so that many at once are no way around.
    requireRoom(this.guesses.take(key), "Very many wrong tokens");
    this.judging.add(token);
    try {
      const answer = await work();
      this.guesses.giveBack(key);
      this.remember(token);
      return answer;
    } catch (error) {
      if (codeOf(error) === "not_signed_in") this.remember(token);
      else this.guesses.giveBack(key);
      throw error;
    } finally {
      this.judging.delete(token);
    }
  }

  private remember(token: string): void {
    this.judged.add(token);
    if (this.judged.size <= REMEMBERED) return;
    const [oldest] = this.judged;
    if (oldest !== undefined) this.judged.delete(oldest);
  }
}

function codeOf(error: unknown): string {
  return (error instanceof ApiError ? error.failure : toFailure(error)).code;
}

/** This process's. */
const door = new Door();

/** Handles a request of the HTTP API within its address's limits. Throws `rate_limited`. */
export function throughDoor<T>(
  request: Request,
  work: () => Promise<T>,
): Promise<T> {
  return pass(request, request.headers.get("authorization"), work);
}

/** The same of what asks nobody who they are: a token that comes along is not judged by it. */
export function throughOpenDoor<T>(
  request: Request,
  work: () => Promise<T>,
): Promise<T> {
  return pass(request, null, work);
}

async function pass<T>(
  request: Request,
  credentials: string | null,
  work: () => Promise<T>,
): Promise<T> {
  const address = addressOf(request, serverEnvironment().proxies);
  return door.through(address, credentials, work);
}

function requireRoom(waitMs: number, what: string): void {
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw refuse(
    "rate_limited",
    `${what} came from this address. There is room for the next in ${seconds} s.`,
    waitMs,
  );
}
