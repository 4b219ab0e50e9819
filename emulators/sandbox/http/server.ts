import type { Server } from "bun";
import { ApiError, messageOf } from "../errors";
import { errorBody } from "../payloads";
import type { Activity } from "../state/activity";
import { befall } from "./befall";
import type { Twist } from "./befall";
import { controlRoutes } from "./control";
import type { ControlContext } from "./control";
import type { EventHub } from "./events";
import { health, operator } from "./operator";
import type { OperatorContext } from "./operator";
import {
  loginPage,
  preview,
  previewSocket,
  resolvePreview,
  resolveSigned,
} from "./preview";
import { json } from "./router";
import { sameSecret } from "./secrets";
import { socketHandlers, upgrade, upgradeRelay } from "./sockets";
import type { SocketData } from "./sockets";
import { showsToken, toolbox, toolboxSocket } from "./toolbox";

export type HttpContext = ControlContext &
  OperatorContext & {
    apiKey: string;
    activity: Activity;
    events: EventHub;
    observe?: Observer;
  };

/** Sees a copy of every answer of /api and /toolbox. */
export type Observer = (request: Request, answer: Response) => void;

/** Everything on one port: /api, /toolbox, /preview, /health, /__... */
export function serveHttp(
  context: HttpContext,
  port: number,
): Server<SocketData> {
  const control = controlRoutes(context);
  const { registry, lifecycle, activity, faults, apiKey } = context;

  const authorized = (request: Request): boolean => {
    const [scheme = "", key = ""] = (
      request.headers.get("authorization") ?? ""
    ).split(" ");
    return scheme.toLowerCase() === "bearer" && sameSecret(key, apiKey);
  };
  const requireKey = (request: Request) => {
    if (!authorized(request)) {
      throw new ApiError(401, "Invalid credentials");
    }
  };

  const route = async (
    request: Request,
    url: URL,
    server: Server<SocketData>,
    twist: Twist,
  ): Promise<Response | undefined> => {
    const [, area = ""] = url.pathname.split("/", 2);
    if (area === "health") return health(context);
    if (area === "login") return loginPage();
    if (area.startsWith("__")) {
      const address = server.requestIP(request)?.address;
      return operator(context, request, url, address);
    }
    const socket =
      request.headers.get("upgrade")?.toLowerCase() === "websocket";
    if (area === "preview" || area === "signed") {
      const target =
        area === "preview"
          ? resolvePreview(lifecycle, request, url)
          : resolveSigned(registry, lifecycle, url);
      if (target instanceof Response) return target;
      if (socket) {
        const relay = await previewSocket(activity, request, target);
        return upgradeRelay(server, request, relay);
      }
      return preview(activity, request, target);
    }
    if (area === "toolbox") {
      if (!showsToken(lifecycle, request, url)) requireKey(request);
      if (socket) {
        const relay = await toolboxSocket(context, request, url);
        return upgradeRelay(server, request, relay);
      }
      return toolbox(lifecycle, activity, request, url);
    }
    if (url.pathname.startsWith("/api/socket.io/")) {
      return upgrade(server, request, { kind: "events", connection: null });
    }
    if (area === "api") {
      requireKey(request);
      const path = url.pathname.slice("/api".length);
      const found = control.match(request.method, path);
      const { params, handler } = found ?? {};
      if (params && handler) return handler({ request, url, params, twist });
    }
    throw new ApiError(404, `Cannot ${request.method} ${url.pathname}`);
  };

  return Bun.serve<SocketData>({
    hostname: "127.0.0.1",
    port,
    // An exec may be silent for minutes, an event stream for ever.
    idleTimeout: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    websocket: socketHandlers(context.events, apiKey),
    async fetch(request, server) {
      const url = new URL(request.url);
      const fail = (status: number, message: string, code?: string) =>
        json(errorBody(status, message, url.pathname, code), status);
      // Undefined once a socket has been upgraded: Bun wants no answer then.
      const serve = async (request: Request, twist: Twist) => {
        try {
          return (await route(request, url, server, twist)) as Response;
        } catch (error) {
          if (error instanceof ApiError) {
            return fail(error.status, error.message, error.code);
          }
          if (request.signal.aborted) return fail(499, "Client went away");
          console.error(error);
          return fail(500, messageOf(error));
        }
      };
      const path = url.pathname;
      const fault = /^\/(api|toolbox|preview|signed)\//.test(path)
        ? faults.take(request.method, path)
        : null;
      const answer = fault
        ? await befall(fault, request, serve, fail)
        : await serve(request, {});
      // Not a preview's: its answers are whatever runs inside.
      if (answer && context.observe && /^\/(api|toolbox)\//.test(path)) {
        if (!fault?.kind.startsWith("reset")) {
          context.observe(request, answer.clone());
        }
      }
      return answer;
    },
  });
}
