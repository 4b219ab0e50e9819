import { randomUUID } from "node:crypto";
import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { ApiError } from "../errors";
import type { Lifecycle } from "../state/lifecycle";
import type { EventHub } from "./events";
import { sameSecret } from "./secrets";
import type { Target } from "./preview";

const PING_MS = 25_000;

export type SocketData =
  | { kind: "events"; ping?: Timer }
  | { kind: "preview"; upstream: WebSocket; early: (string | Buffer)[] };

type Socket = ServerWebSocket<SocketData>;

function upgradeEvents(server: Server<SocketData>, request: Request) {
  const upgraded = server.upgrade(request, { data: { kind: "events" } });
  if (upgraded) return undefined;
  throw new ApiError(400, "Events are served over a WebSocket only");
}

function upgradePreview(
  server: Server<SocketData>,
  request: Request,
  target: Exclude<Target, Response>,
  lifecycle: Lifecycle,
): undefined {
  void [server, request, target, lifecycle];
  throw new ApiError(501, "WebSocket previews are not served yet");
}

/** engine.io's and socket.io's first words, then silence but for pings. */
function onEventsOpen(socket: Socket) {
  const open = {
    sid: randomUUID(),
    upgrades: [],
    pingInterval: PING_MS,
    pingTimeout: 20_000,
    maxPayload: 1_000_000,
  };
  socket.send(`0${JSON.stringify(open)}`);
  if (socket.data.kind !== "events") return;
  socket.data.ping = setInterval(() => socket.send("2"), PING_MS);
}

function onEventsMessage(
  socket: Socket,
  text: string,
  events: EventHub,
  apiKey: string,
) {
  // "40": connect to the namespace, with the key.
  if (!text.startsWith("40")) return;
  const { token } = parseAuth(text.slice(2));
  if (!sameSecret(token ?? "", apiKey)) {
    socket.send('44{"message":"Unauthorized"}');
    return;
  }
  socket.send(`40${JSON.stringify({ sid: randomUUID() })}`);
  events.join(socket);
}

function parseAuth(text: string): { token?: string } {
  try {
    const parsed = JSON.parse(text);
    return typeof parsed?.token === "string" ? parsed : {};
  } catch {
    // No auth object at all: the same as no token.
    return {};
  }
}

function handlers(
  events: EventHub,
  apiKey: string,
): WebSocketHandler<SocketData> {
  return {
    open(socket) {
      if (socket.data.kind === "events") onEventsOpen(socket);
    },
    message(socket, message) {
      if (socket.data.kind === "events") {
        onEventsMessage(socket, String(message), events, apiKey);
      }
    },
    close(socket) {
      if (socket.data.kind === "events") {
        clearInterval(socket.data.ping);
        events.leave(socket);
      }
    },
  };
}

export const sockets = { handlers, upgradeEvents, upgradePreview };
