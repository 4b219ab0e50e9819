import { z } from "zod";
import { EngineError, messageOf } from "../errors";
import { FunctionError } from "../functions/failure";
import type { FunctionKind } from "../functions/registry";
import type { Call, Runtime } from "../functions/runtime";
import { AuthError } from "../auth/verify";
import { callOf, toFailure } from "../sync/calls";
import type { SyncServices } from "../sync/session";
import { encodeTs } from "../sync/protocol";
import type { Json } from "../values/json";
import { plainJson } from "./plain-json";
import { identify } from "./identify";

const callBody = z.object({
  path: z.string(),
  args: z.unknown(),
  format: z.enum(["json", "convex_encoded_json"]).default("json"),
});

/** What the official HTTP client expects for a function that failed. */
const STATUS_FUNCTION_FAILED = 560;

type Answer = { status: "success"; value: string } | Failed;
type Failed = { status: "error"; errorMessage: string; errorData?: Json };

const KINDS: Record<string, FunctionKind | "any"> = {
  "/api/query": "query",
  "/api/mutation": "mutation",
  "/api/action": "action",
  "/api/function": "any",
};

/** POST /api/query, /api/mutation, /api/action, /api/function. Null for another path. */
export async function functionApi(
  request: Request,
  path: string,
  ip: string | null,
  services: SyncServices,
): Promise<Response | null> {
  const kind = KINDS[path];
  if (path === "/api/query_ts") {
    return Response.json({ ts: encodeTs(services.runtime.engine.ts) });
  }
  if (path === "/api/query_at_ts") {
    return problem(
      501,
      "Unsupported",
      "consistentQuery is not supported by the embedded backend: nothing older than the newest commit is kept.",
    );
  }
  if (kind === undefined) return null;
  if (request.method !== "POST") {
    return problem(405, "MethodNotAllowed", `${path} takes POST.`);
  }
  let body: z.infer<typeof callBody>;
  try {
    body = callBody.parse(await request.json());
  } catch (error) {
    return problem(
      400,
      "BadRequest",
      `Not a function call: ${messageOf(error)}`,
    );
  }
  let caller;
  try {
    caller = await identify(
      request,
      services.authenticator,
      services.isAdminKey,
    );
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return problem(401, "Unauthenticated", error.message);
  }
  const userAgent = request.headers.get("user-agent");
  const args = (
    Array.isArray(body.args) ? body.args : [body.args ?? {}]
  ) as Json[];
  const message = { udfPath: body.path, args };
  const answer = await answerOf(services, () =>
    callOf(services, message, kind, { ...caller, ip, userAgent }),
  );
  return answer instanceof Response
    ? answer
    : respond(request, answer, body.format === "json");
}

async function answerOf(
  services: SyncServices,
  makeCall: () => Call,
): Promise<Answer | Response> {
  try {
    const value = await run(services.runtime, makeCall());
    return { status: "success", value };
  } catch (thrown) {
    const { message, data } = toFailure(thrown, services.log);
    // No failure of the function's: the same request may be sent again.
    if (isConflict(thrown)) {
      return problem(503, "OptimisticConcurrencyControlFailure", message);
    }
    return {
      status: "error",
      errorMessage: message,
      ...(data === undefined ? {} : { errorData: data }),
    };
  }
}

function isConflict(thrown: unknown): boolean {
  return (
    thrown instanceof FunctionError &&
    thrown.cause instanceof EngineError &&
    thrown.cause.code === "conflict"
  );
}

async function run(runtime: Runtime, call: Call): Promise<string> {
  if (call.fn.kind === "query") return runtime.queryOnce(call);
  if (call.fn.kind === "action") return runtime.action(call);
  return (await runtime.mutation(call)).json;
}

function respond(request: Request, answer: Answer, plain: boolean): Response {
  if (answer.status === "error") {
    const official = request.headers.get("convex-client")?.startsWith("npm-");
    return Response.json(
      { ...answer, logLines: [] },
      { status: official ? STATUS_FUNCTION_FAILED : 200 },
    );
  }
  const value = plain
    ? JSON.stringify(plainJson(JSON.parse(answer.value) as Json))
    : answer.value;
  return new Response(`{"status":"success","value":${value},"logLines":[]}`, {
    headers: { "content-type": "application/json" },
  });
}

/** A refusal before any function has run. */
export function problem(
  status: number,
  code: string,
  message: string,
): Response {
  return Response.json({ code, message }, { status });
}
