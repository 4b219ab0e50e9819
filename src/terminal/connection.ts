import { failureOf, isRefusal, type Failure } from "../data/failure";
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
/** How often an open line is asked whether it is there, and how long for an answer, in ms. */
const BEAT = { every: 20_000, patience: 10_000 };
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
  private beat: ReturnType<typeof setInterval> | undefined;
  private doubt: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly wiring: Wiring,
    private readonly name: string = newClientId(),
    private readonly times = BEAT,
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
      if (this.over) return;
      // Cut with the line to the functions, as this one was: it will be back.
      if (!isRefusal(error)) return this.closed(endingOf(1006, ""));
      this.wiring.onState({ kind: "refused", failure: failureOf(error) });
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
      const size = allowed(this.wiring.size());
      socket.send(JSON.stringify({ ticket, terminal: this.name, ...size }));
    };
    socket.onmessage = ({ data }) => this.receive(socket, data);
    socket.onclose = ({ code, reason }) => {
      if (this.socket === socket) this.closed(endingOf(code, reason));
    };
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (this.socket !== socket) return;
    clearTimeout(this.doubt); // whatever it is, the line is there
    this.doubt = undefined;
    if (data instanceof ArrayBuffer) {
      const { byteLength: bytes } = data;
      this.wiring.onBytes(new Uint8Array(data), () => this.painted(bytes));
      return;
    }
    const word = parse(data);
    if (word?.type !== "ready") return;
    this.openedAt = Date.now();
    if (word.pings === true) {
      this.beat = setInterval(() => this.ask(), this.times.every);
    }
    this.wiring.onState({ kind: "open", resumed: word.resumed === true });
    this.resize(this.wiring.size()); // it may have changed meanwhile
  }

  /**
   * Asks whether the line is there: it may have died unseen, while the machine
   * slept say, and a page is never told. Without an answer it is opened again.
   */
  ask(): void {
    if (this.beat === undefined || this.doubt !== undefined) return;
    this.send(JSON.stringify({ type: "ping" }));
    this.doubt = setTimeout(
      () => this.closed(endingOf(1006, "")),
      this.times.patience,
    );
  }

  /** What was typed. */
  type(text: string): void {
    this.send(new TextEncoder().encode(text));
  }

  resize(size: Size): void {
    this.send(JSON.stringify({ type: "resize", ...allowed(size) }));
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
    clearInterval(this.beat);
    clearTimeout(this.doubt);
    this.beat = this.doubt = undefined;
    socket?.close();
  }
}

/** What the relay takes (relay/terminal.ts): of a very large window, a part. */
function allowed({ cols, rows }: Size): Size {
  return {
    cols: Math.min(Math.max(cols, 2), 500),
    rows: Math.min(Math.max(rows, 1), 300),
  };
}

type Word = { type?: unknown; resumed?: unknown; pings?: unknown };

function parse(data: unknown): Word | null {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data) as Word;
  } catch {
    return null; // not from a relay of ours
  }
}
