import { ConvexError } from "convex/values";
import { decodeJwt } from "jose";
import { api } from "@convex/_generated/api";
import { failure, isFailure, type Failure } from "@convex/model/errors";
import { problemBody } from "@convex/model/problem";
import type { Credential } from "../backend";
import { throughDoor } from "../door";
import { ApiError } from "../problem";
import { toProblem } from "../route";
import { noteUse } from "../touch";
import { launchAnswer } from "./answers";
import { eventStream, type EventSink } from "./event-stream";
import { watchLaunch } from "./operations";
import { launch as launchSchema } from "./schemas";
import { receive } from "./serve";
import { subscribe } from "./subscribe";

const HEARTBEAT_MS = 15_000;
/** Every launch ends within 30 minutes (invariant I6); a little more than that. */
const DEADLINE_MS = 31 * 60_000;

type Context = { params: Promise<{ id: string }> };

/** Streams a launch's state and steps until it has ended. */
export async function streamLaunch(
  request: Request,
  context: Context,
): Promise<Response> {
  try {
    const { credential, launchId } = await throughDoor(request, async () => {
      const call = await receive(watchLaunch, request, context);
      // Asked once before: a stream can no longer answer 401 or 404.
      const launchId = call.params.id;
      if (!(await call.backend.query(api.launches.get, { launchId }))) {
        throw new ApiError("not_found", "You have no such launch.");
      }
      return { credential: call.credential, launchId };
    });
    void noteUse(credential);
    return eventStream((sink) => feed(sink, credential, launchId), {
      signal: request.signal,
      heartbeatMs: HEARTBEAT_MS,
      deadlineMs: Math.min(DEADLINE_MS, lifetimeOf(credential)),
    });
  } catch (error) {
    return toProblem(error, request);
  }
}

function feed(
  sink: EventSink,
  credential: Credential,
  launchId: string,
): () => void {
  const fail = (fault: Failure) => {
    sink.send("problem", problemBody(fault));
    sink.end();
  };
  return subscribe(
    credential,
    api.launches.get,
    { launchId },
    (launch) => {
      if (!launch) return fail(failure("not_found", "The launch is gone."));
      sink.send("launch", launchSchema.parse(launchAnswer(launch)));
      if (launch.endedAt === null) return;
      sink.send("end", { state: launch.state });
      sink.end();
    },
    (error) => {
      if (error instanceof ConvexError && isFailure(error.data)) {
        return fail(error.data);
      }
      console.error(`The stream of launch ${launchId}`, error);
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
