import type { Server } from "bun";
import { Backend, Refusal } from "./backend";
import { sendFile } from "./downloads";
import { isApp, mayPass, mayUpgrade, whoIsAsked, type Hosts } from "./hosts";
import { LIMITS, type Limits } from "./limits";
import type { RelayOptions } from "./options";
import { refusalTo } from "./pages";
import { passOn, type PreviewHost } from "./preview-http";
import { PreviewSocket } from "./preview-socket";
import { cookieOf, Previews } from "./previews";
import type { NearEnd } from "./sockets";
import { Seats } from "./seats";
import { Terminal } from "./terminal";
import { Watch } from "./watch";

export type Relay = { url: string; close(): Promise<void> };

/** Where a ticket stands in an address: the one of a preview, and that of a file. */
const TICKET = "slipway-ticket";

/** Starts the relay; settles once it serves. */
export function createRelay(
  options: RelayOptions,
  changed: Partial<Limits> = {},
): Relay {
  const limits: Limits = { ...LIMITS, ...changed };
  const backend = new Backend(options.siteUrl, options.secret, limits);
  const watch = new Watch(backend, limits);
  const previews = new Previews(watch, limits);
  const seats = new Seats(limits.terminalsPerUser);
  const files = {
    backend,
    watch,
    limits,
    seats: new Seats(limits.filesPerUser),
  };
  const strangers = { count: 0 };

  const server = Bun.serve<NearEnd>({
    hostname: options.hostname,
    port: options.port,
    idleTimeout: limits.idle / 1_000,
    maxRequestBodySize: limits.body,
    websocket: {
      maxPayloadLength: limits.sent,
      // Beyond what we let pile up by ourselves: never reached.
      backpressureLimit: 2 * limits.bufferedAtMost + limits.received,
      closeOnBackpressureLimit: true,
      perMessageDeflate: false,
      idleTimeout: 120,
      open: (near) => near.data.opened(near),
      message: (near, message) => near.data.message(message),
      drain: (near) => near.data.drained(),
      close: (near, code, reason) => near.data.closed(code, reason),
    },
    async fetch(request, server) {
      try {
        return await route(request, server);
      } catch (error) {
        if (error instanceof Refusal) return refusalTo(request, error);
        console.error(error);
        return refusalTo(
          request,
          new Refusal(500, "internal", "The relay failed", "Try again."),
        );
      }
    },
  });
  const told = { hosts: onceEach(), origins: onceEach() };
  const own = new URL(options.publicUrl ?? `http://localhost:${server.port}`);
  const hosts: Hosts = { own, apps: options.appOrigins };

  async function route(
    request: Request,
    server: Server<NearEnd>,
  ): Promise<Response | undefined> {
    // Without a Host there is only a path. Of the address, no more is used.
    const url = new URL(request.url, own);
    const asked = whoIsAsked(request.headers.get("host"), hosts);
    // Says nothing, so it is for whoever looks after containers, by any name but
    // a preview's, whose paths are all its own.
    const isHealth = url.pathname === "/health" && request.method === "GET";
    if (isHealth && asked.kind !== "preview") {
      return Response.json({ ok: true });
    }
    switch (asked.kind) {
      case "stranger":
        told.hosts(
          `Asked for as ${quoted(request.headers.get("host"))}: this is ${own.host} and names below it (SLIPWAY_RELAY_URL).`,
        );
        return new Response("This name does not lead here.\n", { status: 421 });
      case "preview":
        return preview(request, url, asked, server);
      case "relay":
        if (url.pathname === "/terminal") return terminal(request, server);
        if (url.pathname === "/files" && request.method === "GET") {
          const ticket = ticketOf(url);
          return sendFile(files, ticket, request, {
            mayRest: () => server.timeout(request, 0),
            cut: () => server.timeout(request, 1),
          });
        }
        return new Response("Not found\n", { status: 404 });
    }
  }

  function terminal(
    request: Request,
    server: Server<NearEnd>,
  ): Response | undefined {
    if (!isApp(request.headers.get("origin"), hosts)) {
      told.origins(
        `A page of ${quoted(request.headers.get("origin"))} asked for a terminal: only pages of ${hosts.apps.join(" and ")} may (SLIPWAY_APP_ORIGINS).`,
      );
      return new Response("Only Slipway's own pages open terminals.\n", {
        status: 403,
      });
    }
    if (strangers.count >= limits.strangers) {
      return new Response("Busy\n", { status: 503 });
    }
    strangers.count += 1;
    let counted = true;
    const known = () => {
      if (counted) strangers.count -= 1;
      counted = false;
    };
    const data = new Terminal({ backend, watch, seats, limits, known });
    if (server.upgrade(request, { data })) return undefined;
    known();
    return new Response("This address is for WebSockets.\n", { status: 426 });
  }

  async function preview(
    request: Request,
    url: URL,
    host: PreviewHost,
    server: Server<NearEnd>,
  ): Promise<Response | undefined> {
    if (request.method === "GET" && url.searchParams.has(TICKET)) {
      return enter(url, host);
    }
    const found = previews.find(host, request);
    if (!found) {
      throw new Refusal(
        403,
        "preview_closed",
        "This preview is closed",
        "It was opened in another browser, or some time ago, or its sandbox has stopped since. Open the port again from Slipway.",
      );
    }
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
      if (!mayUpgrade(request, host.origin)) return foreign();
      return join(found, request, url, host, server);
    }
    if (!mayPass(request, host.origin)) return foreign();
    server.timeout(request, 0); // an event stream may be silent for long
    // An answer that fails waits for room to say so, which may never come.
    const cut = () => server.timeout(request, 1);
    return passOn(found, request, url, host, limits, cut);
  }

  /** The ticket becomes a cookie of this host, and leaves the address. */
  async function enter(url: URL, host: PreviewHost): Promise<Response> {
    const grant = await backend.redeem(ticketOf(url), "port");
    if (grant.label !== host.label) {
      throw new Refusal(
        403,
        "ticket_invalid",
        "The ticket is for another preview.",
        "Open the port again from Slipway.",
      );
    }
    const key = previews.admit(host.label, grant);
    url.searchParams.delete(TICKET);
    return new Response(null, {
      status: 303,
      headers: {
        location: host.origin + url.pathname + url.search,
        "set-cookie": cookieOf(host.origin, key),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
      },
    });
  }

  async function join(
    found: NonNullable<ReturnType<Previews["find"]>>,
    request: Request,
    url: URL,
    host: PreviewHost,
    server: Server<NearEnd>,
  ): Promise<Response | undefined> {
    let data: PreviewSocket | null;
    try {
      data = await PreviewSocket.open(found, request, url, host, limits);
    } catch {
      // Nothing there speaks WebSocket, which is the page's to deal with.
      return new Response("No WebSocket there\n", { status: 502 });
    }
    if (!data) return new Response("Busy\n", { status: 503 });
    const headers = new Headers();
    if (data.protocol) headers.set("sec-websocket-protocol", data.protocol);
    if (server.upgrade(request, { data, headers })) return undefined;
    data.end("bad_request");
    return new Response("This address is for WebSockets.\n", { status: 426 });
  }

  return {
    url: own.origin,
    async close() {
      watch.close();
      await server.stop(true);
    },
  };
}

function ticketOf(url: URL): string {
  return url.searchParams.get(TICKET) ?? "-";
}

function foreign(): Response {
  return new Response("This request comes from another site.\n", {
    status: 403,
  });
}

/** Distinct lines that are told: whoever asks by ever new names fills no disk. */
const MAX_TOLD = 20;

/** Says each line once. What is set wrong shows here, for a browser says nothing of it. */
function onceEach(): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    if (told.has(line) || told.size >= MAX_TOLD) return;
    told.add(line);
    console.error(line);
  };
}

/** For a terminal too, which obeys what JSON leaves as it is. */
const quoted = (text: string | null) =>
  text === null
    ? "nobody"
    : JSON.stringify(text.slice(0, 200)).replace(/[^\x20-\x7e]/g, "?");
