import type { Authenticator } from "../auth/verify";
import { AuthError } from "../auth/verify";
import type { Identity } from "../auth/identity";
import { describe, messageOf } from "../errors";
import { runIn, type FunctionContext } from "../functions/context";
import type { HttpRouter } from "../functions/load";
import { newRequestId } from "../functions/request";
import type { Runtime } from "../functions/runtime";

export type SiteServices = {
  runtime: Runtime;
  router: HttpRouter | null;
  authenticator: Authenticator;
  seeded: boolean;
  log: (line: string) => void;
};

/** The HTTP actions of http.ts. Bodies stream both ways: they are never collected here. */
export async function serveSite(
  request: Request,
  ip: string | null,
  services: SiteServices,
): Promise<Response> {
  const { runtime, router, log } = services;
  if (router === null) {
    return new Response("This deployment has no HTTP actions (http.ts).", {
      status: 404,
    });
  }
  const { pathname } = new URL(request.url);
  const found = router.lookup(pathname, request.method);
  if (found === null) {
    return new Response("No matching routes found", { status: 404 });
  }
  const [handler, method, route] = found;
  const requestId = newRequestId();
  const path = `${method} ${route}`;
  const caller = await callerOf(request, services);
  const context: FunctionContext = {
    kind: "http",
    runtime,
    component: "",
    path,
    identity: caller?.identity ?? null,
    request: {
      requestId,
      ip,
      userAgent: request.headers.get("user-agent"),
      token: caller?.token ?? null,
      scheduledFunctionId: null,
    },
    trace: { usedIdentity: false, journal: null },
    random: services.seeded ? runtime.engine.random() : null,
  };
  try {
    const response = await runtime.asAction(() =>
      runIn(context, () => handler.invokeHttpAction(request)),
    );
    return request.method === "HEAD" ? new Response(null, response) : response;
  } catch (thrown) {
    const stack = thrown instanceof Error ? thrown.stack : messageOf(thrown);
    log(`[Request ID: ${requestId}] ${path}: ${stack}`);
    return Response.json(
      {
        code: `[Request ID: ${requestId}] Server Error`,
        trace: `Uncaught ${describe(thrown)}`,
      },
      { status: 500 },
    );
  }
}

/**
 * The caller, if the request bears a token of one of the providers. Any other
 * Authorization header is the HTTP action's own business.
 */
async function callerOf(
  request: Request,
  { authenticator }: SiteServices,
): Promise<{ identity: Identity; token: string } | null> {
  const header = request.headers.get("authorization") ?? "";
  const [scheme, token] = header.split(/\s+/, 2);
  if (scheme?.toLowerCase() !== "bearer" || token === undefined) return null;
  try {
    return { identity: await authenticator.verify(token), token };
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}
