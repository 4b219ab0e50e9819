import type { Server, ServerWebSocket } from "bun";
import type { Clock } from "../clock";
import { messageOf } from "../errors";
import type { Files } from "../files/files";
import { LIMITS } from "../limits";
import { Session, type SyncServices } from "../sync/session";
import { functionApi, problem } from "./api";
import { preflight, withCors } from "./cors";
import { serveSite, type SiteServices } from "./site";
import { storageApi } from "./storage";

const HOST = "127.0.0.1";
const PING_EVERY_MS = 15_000;
const LARGEST_MESSAGE = 64 * 1024 * 1024;
const SYNC_PATH = /^\/api\/[^/]+\/sync$/;

type SocketData = {
  session: Session | null;
  ip: string | null;
  userAgent: string | null;
  stopPings: () => void;
};

/** The origin that clients speak to: the sync socket, functions over HTTP, files. */
export class ClientOrigin {
  private readonly server: Server<SocketData>;
  private services: SyncServices | null = null;
  private files: Files | null = null;

  /** Listens at once, to know its URL; answers 503 until `serve`. */
  constructor(
    port: number,
    private readonly clock: Clock,
    private readonly log: (line: string) => void,
  ) {
    this.server = Bun.serve<SocketData>({
      hostname: HOST,
      port,
      idleTimeout: 0,
      maxRequestBodySize: LARGEST_MESSAGE,
      fetch: (request, server) => this.fetch(request, server),
      websocket: {
        maxPayloadLength: LARGEST_MESSAGE,
        // A client that does not read is let go rather than buffered for ever.
        backpressureLimit: LARGEST_MESSAGE,
        closeOnBackpressureLimit: true,
        idleTimeout: 120,
        open: (socket) => this.open(socket),
        message: (socket, message) => {
          void socket.data.session?.receive(String(message));
        },
        close: (socket) => {
          socket.data.stopPings();
          socket.data.session?.close();
        },
      },
      error: (error) => internalError(error, this.log),
    });
  }

  get url(): string {
    return `http://${HOST}:${this.server.port}`;
  }

  serve(services: SyncServices, files: Files): void {
    this.services = services;
    this.files = files;
  }

  async close(): Promise<void> {
    await this.server.stop(true);
  }

  private async fetch(
    request: Request,
    server: Server<SocketData>,
  ): Promise<Response | undefined> {
    const { services, files } = this;
    if (services === null || files === null) return starting();
    const url = new URL(request.url);
    const ip = server.requestIP(request)?.address ?? null;
    if (SYNC_PATH.test(url.pathname)) {
      const userAgent = request.headers.get("user-agent");
      const data = { session: null, ip, userAgent, stopPings: () => {} };
      return server.upgrade(request, { data })
        ? undefined
        : problem(426, "UpgradeRequired", "This path takes WebSockets.");
    }
    if (request.method === "OPTIONS") return preflight(request);
    try {
      const response =
        wellKnown(url.pathname) ??
        (await functionApi(request, url.pathname, ip, services)) ??
        (await storageApi(request, url, files)) ??
        problem(404, "NotFound", `Nothing is served at ${url.pathname}.`);
      return withCors(request, response);
    } catch (error) {
      return withCors(request, internalError(error, this.log));
    }
  }

  private open(socket: ServerWebSocket<SocketData>): void {
    const { services, clock } = this;
    if (services === null) return socket.close();
    const { ip, userAgent } = socket.data;
    const session = new Session(services, {
      send: (text) => void socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      ip,
      userAgent,
    });
    socket.data.session = session;
    const pingLater = (): void => {
      socket.data.stopPings = clock.after(PING_EVERY_MS, () => {
        session.ping();
        pingLater();
      });
    };
    pingLater();
  }
}

/** The origin of the HTTP actions. */
export class ActionOrigin {
  private readonly server: Server<undefined>;
  private services: SiteServices | null = null;

  constructor(port: number, log: (line: string) => void) {
    this.server = Bun.serve({
      hostname: HOST,
      port,
      idleTimeout: 0,
      maxRequestBodySize: LIMITS.httpActionBytes,
      fetch: (request, server) => {
        if (this.services === null) return starting();
        const ip = server.requestIP(request)?.address ?? null;
        return serveSite(request, ip, this.services);
      },
      error: (error) => internalError(error, log),
    });
  }

  get url(): string {
    return `http://${HOST}:${this.server.port}`;
  }

  serve(services: SiteServices): void {
    this.services = services;
  }

  async close(): Promise<void> {
    await this.server.stop(true);
  }
}

function wellKnown(path: string): Response | null {
  if (path === "/health") return Response.json({ ok: true });
  if (path === "/version" || path === "/instance_name") {
    return new Response("embedded");
  }
  return null;
}

function starting(): Response {
  return problem(503, "Starting", "The backend is starting.");
}

function internalError(error: unknown, log: (line: string) => void): Response {
  log(
    `internal error: ${error instanceof Error ? error.stack : messageOf(error)}`,
  );
  return problem(
    500,
    "InternalServerError",
    "The backend failed to answer. Its log says why.",
  );
}
