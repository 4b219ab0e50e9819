import { ApiError } from "../errors";
import type { Cell } from "../executor/cell";
import type { Socket } from "./sockets";

const OPEN_TIMEOUT_MS = 10_000;

/** Beyond this many bytes unsent to one side, the other is made to wait. */
const MAX_UNSENT = 1024 * 1024;

/** What is inside has no event for having caught up: it is asked as often. */
const DRAIN_MS = 20;

/** Headers the handshake makes anew. */
const OWN = /^(host|connection|upgrade|sec-websocket-.*)$/i;

/** Joins a client's WebSocket to one of a port inside a sandbox. */
export class Relay {
  private client: Socket | null = null;
  /** What came from inside before the client's handshake was done. */
  private early: (string | Buffer)[] = [];
  private closing: { code: number; reason: string } | null = null;
  private draining: ReturnType<typeof setInterval> | undefined;

  private constructor(
    private readonly upstream: WebSocket,
    private readonly settled: () => void,
  ) {
    upstream.binaryType = "nodebuffer" as BinaryType;
    upstream.addEventListener("message", ({ data }) => {
      if (this.client) this.toClient(this.client, data);
      else this.early.push(data);
    });
    upstream.addEventListener("close", ({ code, reason }) => {
      this.caughtUp();
      this.closing = { code, reason };
      if (this.client) endAs(this.client, code, reason);
    });
  }

  /**
   * Opens the inner half first, so that a refusal can still be an HTTP answer.
   *
   * @param withheld names of headers that must not go inside
   * @throws ApiError 502 when nothing inside speaks WebSocket there
   */
  static async open(
    cell: Cell,
    path: string,
    request: Request,
    withheld: string[],
    settled: () => void,
  ): Promise<Relay> {
    const headers = Object.fromEntries(
      [...request.headers].filter(
        ([name]) => !OWN.test(name) && !withheld.includes(name),
      ),
    );
    const offered = request.headers.get("sec-websocket-protocol");
    const protocols = offered ? offered.split(",").map((p) => p.trim()) : [];
    // Bun's client takes headers and Unix sockets; the DOM's types know neither.
    const upstream = new WebSocket(`ws+unix://${cell.socket}:${path}`, {
      headers,
      protocols,
    } as never);
    const relay = new Relay(upstream, settled);
    const failed = await new Promise<string | null>((resolve) => {
      const timer = setTimeout(() => resolve("no answer"), OPEN_TIMEOUT_MS);
      const done = (why: string | null) => {
        clearTimeout(timer);
        resolve(why);
      };
      upstream.addEventListener("open", () => done(null));
      upstream.addEventListener("error", (e) =>
        done("message" in e ? String(e.message) : "refused"),
      );
    });
    if (failed === null) return relay;
    upstream.close();
    settled();
    throw new ApiError(502, `No WebSocket there: ${failed}`);
  }

  get protocol(): string {
    return this.upstream.protocol;
  }

  opened(client: Socket): void {
    this.client = client;
    for (const message of this.early) client.send(message);
    this.early = [];
    if (this.closing) endAs(client, this.closing.code, this.closing.reason);
  }

  private toClient(client: Socket, message: string | Buffer): void {
    client.send(message);
    if (client.getBufferedAmount() > MAX_UNSENT)
      pausable(this.upstream).pause();
  }

  /** The client has read what was sent. */
  drained(): void {
    pausable(this.upstream).resume();
  }

  fromClient(message: string | Buffer): void {
    this.upstream.send(message);
    if (this.draining || this.upstream.bufferedAmount <= MAX_UNSENT) return;
    this.client?.pause();
    this.draining = setInterval(() => this.look(), DRAIN_MS);
  }

  private look(): void {
    if (this.upstream.bufferedAmount > MAX_UNSENT / 2) return;
    this.caughtUp();
    this.client?.resume();
  }

  private caughtUp(): void {
    clearInterval(this.draining);
    this.draining = undefined;
  }

  clientClosed(code: number, reason: string): void {
    this.caughtUp();
    endAs(this.upstream as WebSocket & Ending, code, reason);
    this.settled();
  }
}

/** Bun's client can be made to wait; the DOM's types do not know. */
function pausable(socket: WebSocket): { pause(): void; resume(): void } {
  return socket as never;
}

/** Bun's client can be cut off, too. */
type Ending = {
  close(code: number, reason?: string): void;
  terminate(): void;
};

/** Ends one half as the other did; a connection that broke off breaks off. */
function endAs(half: Ending, code: number, reason: string): void {
  if (code === 1006 || code === 1015) half.terminate();
  else if (code === 1005)
    half.close(1000); // a close without a code
  else half.close(code, reason);
}
