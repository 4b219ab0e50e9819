import { ConvexError } from "convex/values";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import { decodeJwt } from "jose";
import { api } from "@convex/_generated/api";
import { failure, isFailure, type Failure } from "@convex/model/errors";
import { problemBody } from "@convex/model/problem";
import type { Credential } from "../backend";
import { throughDoor } from "../door";
import { ApiError } from "../problem";
import { toProblem } from "../route";
import { noteUse } from "../touch";
import { EVENT_STREAM, eventStream, type EventSink } from "./event-stream";
import { countIn } from "./open-streams";
import type { Operation } from "./operation";
import { receive, type Context, type ParamsOf } from "./serve";
import { subscribe } from "./subscribe";

const HEARTBEAT_MS = 15_000;
/** Longer than nearly everything that is waited for; whoever still watches opens it again. */
const DEADLINE_MS = 31 * 60_000;

type Query = FunctionReference<"query", "public", { token?: string }>;
type Args<F extends Query> = Omit<FunctionArgs<F>, "token">;
type Found<F extends Query> = NonNullable<FunctionReturnType<F>>;

/** What is watched: a query's record, told as `event` at once and at each change. */
type Watched<O extends Operation, F extends Query> = {
  query: F;
  args: (params: ParamsOf<O["path"]>) => Args<F>;
  /** What `not_found` says, at first or when it is gone later. */
  missing: string;
  event: string;
  /** The record as the API answers it. */
  tell: (record: Found<F>) => unknown;
  /** The state in which nothing more will come, or null. */
  ended: (record: Found<F>) => string | null;
};

/** A route that streams a record of the caller until it has ended. */
export function stream<O extends Operation, F extends Query>(
  operation: O,
  watched: Watched<O, F>,
) {
  return async (request: Request, context: Context<O>): Promise<Response> => {
    try {
      const asked = await throughDoor(request, async () => {
        const { credential, params, backend } = await receive(
          operation,
          request,
          context,
        );
        const args = watched.args(params);
        // Asked once before: a stream can no longer answer 401 or 404.
        const [user, record] = await Promise.all([
          backend.query(api.users.me, {}),
          backend.query(watched.query, args),
        ]);
        // Who is not known yet has nothing to watch.
        if (!user || !record) throw new ApiError("not_found", watched.missing);
        return { credential, args, userId: user.userId };
      });
      const { credential, args, userId } = asked;
      void noteUse(credential);
      // Next makes HEAD of this and never reads the body, which would go on unseen.
      if (request.method === "HEAD") {
        return new Response(null, { headers: EVENT_STREAM });
      }
      const countOut = countIn(userId);
      const source = (sink: EventSink) => {
        const stop = feed(sink, credential, watched, args);
        return () => {
          countOut();
          stop();
        };
      };
      return eventStream(source, {
        signal: request.signal,
        heartbeatMs: HEARTBEAT_MS,
        deadlineMs: Math.min(DEADLINE_MS, lifetimeOf(credential)),
      });
    } catch (error) {
      return toProblem(error, request);
    }
  };
}

function feed<O extends Operation, F extends Query>(
  sink: EventSink,
  credential: Credential,
  { query, missing, event, tell, ended }: Watched<O, F>,
  args: Args<F>,
): () => void {
  const fail = (fault: Failure) => {
    sink.end({ event: "problem", data: problemBody(fault) });
  };
  return subscribe(
    credential,
    query,
    args,
    (record) => {
      if (!record) return fail(failure("not_found", missing));
      sink.send(event, tell(record));
      const state = ended(record);
      if (state !== null) sink.end({ event: "end", data: { state } });
    },
    (error) => {
      if (error instanceof ConvexError && isFailure(error.data)) {
        return fail(error.data);
      }
      console.error(`A stream of ${event} events`, error);
      fail(failure("internal", "Something went wrong inside Slipway."));
    },
  );
}

/**
 * Milliseconds an issuer's token is good for: a stream opened with it ends then.
 * A personal token is watched by the query itself, which fails when it is revoked.
 */
function lifetimeOf({ kind, token }: Credential): number {
  if (kind === "personal") return Infinity;
  const { exp } = decodeJwt(token);
  return exp === undefined ? Infinity : Math.max(0, exp * 1_000 - Date.now());
}
