import { randomUUID } from "node:crypto";
import type { EventClient, EventHub } from "./events";
import { sameSecret } from "./secrets";

const PING_MS = 25_000;
const PONG_MS = 20_000;

/**
 * One client of the socket.io v4 protocol, in its WebSocket-only form: an
 * engine.io opening, the namespace's connect with the key, pings, events.
 */
export class SocketIo {
  private readonly timer: Timer;
  private lastHeard = Date.now();

  constructor(
    private readonly socket: EventClient & { close(): void },
    private readonly events: EventHub,
    private readonly apiKey: string,
  ) {
    const opening = {
      sid: randomUUID(),
      upgrades: [],
      pingInterval: PING_MS,
      pingTimeout: PONG_MS,
      maxPayload: 1_000_000,
    };
    socket.send(`0${JSON.stringify(opening)}`);
    this.timer = setInterval(() => this.ping(), PING_MS);
    this.timer.unref();
  }

  received(text: string): void {
    this.lastHeard = Date.now();
    // "40": connect to the namespace. "3" is a pong; the SDK sends no events.
    if (!text.startsWith("40")) return;
    if (!sameSecret(tokenOf(text.slice(2)), this.apiKey)) {
      this.socket.send('44{"message":"Unauthorized"}');
      return;
    }
    this.socket.send(`40${JSON.stringify({ sid: randomUUID() })}`);
    this.events.join(this.socket);
  }

  closed(): void {
    clearInterval(this.timer);
    this.events.leave(this.socket);
  }

  private ping(): void {
    if (Date.now() - this.lastHeard > PING_MS + PONG_MS) this.socket.close();
    else this.socket.send("2");
  }
}

function tokenOf(text: string): string {
  try {
    const token: unknown = JSON.parse(text).token;
    return typeof token === "string" ? token : "";
  } catch {
    // No auth object at all is no token.
    return "";
  }
}
