import { failureOf, type Failure } from "../data/failure";
import { newClientId } from "../data/intent";
import { terminalUrl } from "../preview/address";
import { endingOf, type Ending } from "./endings";

export type Size = { cols: number; rows: number };

export type ConnectionState =
  | { kind: "connecting" }
  | { kind: "open"; resumed: boolean }
  | { kind: "waiting"; words: string }
  | { kind: "closed"; ending: Ending }
  | { kind: "refused"; failure: Failure };

export type Wiring = {
  relayUrl: string;
  /** A fresh ticket; rejects with what the server says. */
  ticket(): Promise<string>;
  size(): Size;
  onState(state: ConnectionState): void;
  /** Bytes for the screen; `painted` is called once they are on it. */
  onBytes(bytes: Uint8Array, painted: () => void): void;
};

/** Waits before the tries that follow one another, in ms. */
const RETRIES = [500, 1_000, 2_000, 4_000, 8_000];
/** Open for so long, a connection has earned a fresh start of the tries. */
const STEADY_MS = 10_000;
/** How many painted bytes are told at once. */
const SEEN_STEP = 64 * 1_024;

/**
 * A terminal's connection: a ticket, a WebSocket, and again when it is cut. The
 * protocol is in relay/terminal.ts. `name` is what the shell is found by again.
 */
export class TerminalConnection {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private openedAt = 0;
  private seen = 0;
  private over = false;

  constructor(
    private readonly wiring: Wiring,
    private name: string = newClientId(),
  ) {}

  /** Opens it, or opens it again. */
  async connect(): Promise<void> {
    clearTimeout(this.timer);
    this.drop();
    this.wiring.onState({ kind: "connecting" });
    let ticket: string;
    try {
      ticket = await this.wiring.ticket();
    } catch (error) {
      const failure = failureOf(error);
      if (!this.over) this.wiring.onState({ kind: "refused", failure });
      return;
    }
    if (!this.over) this.open(ticket);
  }

  private open(ticket: string): void {
    const socket = new WebSocket(terminalUrl(this.wiring.relayUrl));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.seen = 0;
    socket.onopen = () => {
      const size = this.wiring.size();
      socket.send(JSON.stringify({ ticket, terminal: this.name, ...size }));
    };
    socket.onmessage = ({ data }) => this.receive(socket, data);
    socket.onclose = ({ code, reason }) => {
      if (this.socket === socket) this.closed(endingOf(code, reason));
    };
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (this.socket !== socket) return;
    if (data instanceof ArrayBuffer) {
      const { byteLength: bytes } = data;
      this.wiring.onBytes(new Uint8Array(data), () => this.painted(bytes));
      return;
    }
    const word = parse(data);
    if (word?.type !== "ready") return;
    this.openedAt = Date.now();
    this.wiring.onState({ kind: "open", resumed: word.resumed === true });
    this.resize(this.wiring.size()); // it may have changed meanwhile
  }

  /** What was typed. */
  type(text: string): void {
    this.send(new TextEncoder().encode(text));
  }

  resize(size: Size): void {
    this.send(JSON.stringify({ type: "resize", ...size }));
  }

  /** Ends the shell with the connection; the next one is another. */
  end(): void {
    this.send(JSON.stringify({ type: "end" }));
    this.name = newClientId();
  }

  /** Leaves; the shell stays for whoever comes back with its name. */
  leave(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.drop();
  }

  private painted(bytes: number): void {
    this.seen += bytes;
    if (this.seen < SEEN_STEP) return;
    this.send(JSON.stringify({ type: "seen", bytes: this.seen }));
    this.seen = 0;
  }

  private send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.openedAt > 0 && this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(message);
    }
  }

  private closed(ending: Ending): void {
    const steady = this.openedAt > 0 && Date.now() - this.openedAt > STEADY_MS;
    this.drop();
    if (steady) this.tries = 0;
    const delay = ending.byItself ? RETRIES[this.tries] : undefined;
    if (delay === undefined) {
      this.tries = 0;
      this.wiring.onState({ kind: "closed", ending });
      return;
    }
    this.tries += 1;
    this.wiring.onState({ kind: "waiting", words: ending.words });
    this.timer = setTimeout(() => void this.connect(), delay);
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    this.openedAt = 0;
    socket?.close();
  }
}

function parse(data: unknown): { type?: unknown; resumed?: unknown } | null {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data) as { type?: unknown };
  } catch {
    return null; // not from a relay of ours
  }
}
