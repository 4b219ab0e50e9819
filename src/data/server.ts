import type { ConvexHttpClient } from "convex/browser";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import { failure } from "@convex/model/errors";
import { within } from "@convex/model/within";
import { anonymousBackend } from "../server/backend";
import { EnvironmentError } from "../server/environment";
import { ApiError } from "../server/problem";
import { failureOf, type Failure } from "./failure";

export type Outcome<T> =
  { ok: true; value: T } | { ok: false; failure: Failure };

/** Longest a page waits for an answer; a first look at a repository takes seconds. */
const LIMIT_MS = 30_000;

/** Runs a public action for a page rendered on the server, as nobody in particular. */
export function runAction<A extends FunctionReference<"action">>(
  action: A,
  args: FunctionArgs<A>,
): Promise<Outcome<FunctionReturnType<A>>> {
  return attempt((client) => client.action(action, args));
}

/** Runs a public query for a page rendered on the server, as nobody in particular. */
export function runQuery<Q extends FunctionReference<"query">>(
  query: Q,
  args: FunctionArgs<Q>,
): Promise<Outcome<FunctionReturnType<Q>>> {
  return attempt((client) => client.query(query, args));
}

async function attempt<T>(
  call: (client: ConvexHttpClient) => Promise<T>,
): Promise<Outcome<T>> {
  const answer = answerOf(call);
  return (
    (await within(LIMIT_MS, answer)) ?? {
      ok: false,
      failure: failure(
        "internal",
        `The server did not answer within ${LIMIT_MS / 1000} s.`,
      ),
    }
  );
}

async function answerOf<T>(
  call: (client: ConvexHttpClient) => Promise<T>,
): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call(anonymousBackend()) };
  } catch (error) {
    return { ok: false, failure: knownOf(error) ?? failureOf(error) };
  }
}

/** What this server itself says: the backend stays away, or a setting cannot be read. */
function knownOf(error: unknown): Failure | null {
  if (error instanceof ApiError) return error.failure;
  if (error instanceof EnvironmentError) {
    return failure("internal", error.message);
  }
  return null;
}
