import type { Identity } from "../auth/identity";
import { EngineError, messageOf, type Failure } from "../errors";
import { FunctionError } from "../functions/failure";
import type { FunctionKind, ResolvedFunction } from "../functions/registry";
import { newRequestId } from "../functions/request";
import type { Call, Runtime } from "../functions/runtime";
import type { Json } from "../values/json";

/** Who is at the other end of a connection. */
export type Caller = {
  identity: Identity | null;
  token: string | null;
  ip: string | null;
  userAgent: string | null;
};

/** A client's message as a call. @throws EngineError if it may not be made */
export function callOf(
  services: { runtime: Runtime },
  message: { udfPath: string; args: readonly Json[] },
  kind: FunctionKind | "any",
  caller: Caller,
): Call {
  const { identity, ...rest } = caller;
  return {
    fn: resolve(services, message.udfPath, kind, identity),
    args: argument(message.args),
    identity,
    request: { ...rest, requestId: newRequestId(), scheduledFunctionId: null },
  };
}

/** The function a client may call: a public one, unless it holds the admin key. */
export function resolve(
  { runtime }: { runtime: Runtime },
  path: string,
  kind: FunctionKind | "any",
  identity: Identity | null,
): ResolvedFunction {
  return identity?.admin
    ? runtime.registry.get(path, kind)
    : runtime.registry.getPublic(path, kind);
}

/** Clients send the one argument object in a list. */
export function argument(args: readonly Json[]): Json {
  return args[0] ?? {};
}

/** A failure for the client; what is worth a line goes to the log. */
export function toFailure(
  thrown: unknown,
  log: (line: string) => void,
): Failure {
  if (thrown instanceof FunctionError) {
    log(`${thrown.path}: ${thrown.report}`);
    return thrown.failure;
  }
  if (thrown instanceof EngineError) return { message: thrown.message };
  const message = `[Request ID: ${newRequestId()}] Server Error: ${messageOf(thrown)}`;
  log(message);
  return { message };
}
