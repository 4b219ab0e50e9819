import { ConvexHttpClient } from "convex/browser";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import { failure } from "@convex/model/errors";
import { readConfiguration } from "../config";
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
  const configuration = readConfiguration();
  if (!configuration.ok) {
    return { ok: false, failure: failure("internal", configuration.problem) };
  }
  const client = new ConvexHttpClient(configuration.config.convexUrl);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Outcome<T>>((resolve) => {
    timer = setTimeout(() => {
      resolve({
        ok: false,
        failure: failure(
          "internal",
          `The server did not answer within ${LIMIT_MS / 1000} s.`,
        ),
      });
    }, LIMIT_MS);
  });
  const answer = call(client).then(
    (value): Outcome<T> => ({ ok: true, value }),
    (error: unknown): Outcome<T> => ({ ok: false, failure: failureOf(error) }),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
