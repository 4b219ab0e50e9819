import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { ApiError } from "../errors";
import type { EventHub } from "./events";
import { SocketIo } from "./socket-io";
import type { Relay } from "./websocket-relay";

/** What each WebSocket of the server is for. */
export type SocketData =
  | { kind: "events"; connection: SocketIo | null }
  | { kind: "relay"; relay: Relay };

export type Socket = ServerWebSocket<SocketData>;

export function upgrade(
  server: Server<SocketData>,
  request: Request,
  data: SocketData,
  headers: HeadersInit = {},
): undefined {
  if (server.upgrade(request, { data, headers })) return undefined;
  throw new ApiError(400, "This address is served over a WebSocket only");
}

export function upgradeRelay(
  server: Server<SocketData>,
  request: Request,
  relay: Relay,
): undefined {
  const { protocol } = relay;
  try {
    return upgrade(
      server,
      request,
      { kind: "relay", relay },
      protocol ? { "sec-websocket-protocol": protocol } : {},
    );
  } catch (error) {
    relay.clientClosed(1000, "");
    throw error;
  }
}

export function socketHandlers(
  events: EventHub,
  apiKey: string,
): WebSocketHandler<SocketData> {
  return {
    maxPayloadLength: 64 * 1024 * 1024,
    // Whoever reads too slowly is cut off: Bun would leave out messages instead.
    backpressureLimit: 64 * 1024 * 1024,
    closeOnBackpressureLimit: true,
    open(socket) {
      const { data } = socket;
      if (data.kind === "relay") data.relay.opened(socket);
      else data.connection = new SocketIo(socket, events, apiKey);
    },
    message({ data }, message) {
      if (data.kind === "relay") data.relay.fromClient(message);
      else data.connection?.received(String(message));
    },
    drain({ data }) {
      if (data.kind === "relay") data.relay.drained();
    },
    close({ data }, code, reason) {
      if (data.kind === "relay") data.relay.clientClosed(code, reason);
      else data.connection?.closed();
    },
  };
}
