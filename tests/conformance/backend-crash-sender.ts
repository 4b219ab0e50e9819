import type { Random } from "../../emulators/backend/random";
import type { Ledger } from "./backend-crash-ledger";

const IN_FLIGHT = 8;
const ACCOUNTS = 6;

type Transfer = { id: string; from: number; to: number; amount: number };

/**
 * A client that keeps some transfers in flight, and after a crash sends those
 * again that were not answered, under their numbers, as the official one does
 * (which waits longer before it tries again than a thousand cycles should).
 */
export class Sender {
  resent = 0;
  private readonly unanswered = new Map<number, Transfer>();
  private requests = 0;
  private socket: WebSocket | null = null;
  private draining = false;

  constructor(
    private readonly sessionId: string,
    private readonly ledger: Ledger,
    private readonly random: Random,
  ) {}

  get waiting(): number {
    return this.unanswered.size;
  }

  /** @param draining sends nothing new */
  connect(url: string, draining = false): void {
    this.draining = draining;
    const socket = new WebSocket(
      `${url.replace("http", "ws")}/api/1.48.0/sync`,
    );
    this.socket = socket;
    socket.onopen = () => {
      this.send({
        type: "Connect",
        sessionId: this.sessionId,
        connectionCount: 0,
        lastCloseReason: null,
      });
      this.resent += this.unanswered.size;
      for (const [requestId, transfer] of this.unanswered) {
        this.request(requestId, transfer);
      }
      this.fill();
    };
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.receive(String(data));
    };
  }

  disconnect(): void {
    this.socket?.close();
    this.socket = null;
  }

  private fill(): void {
    while (!this.draining && this.unanswered.size < IN_FLIGHT) {
      const requestId = this.requests++;
      const from = this.random.next32() % ACCOUNTS;
      const transfer = {
        id: `${this.sessionId}/${requestId}`,
        from,
        to: (from + 1 + (this.random.next32() % (ACCOUNTS - 1))) % ACCOUNTS,
        amount: this.random.next32() % 100,
      };
      this.unanswered.set(requestId, transfer);
      this.request(requestId, transfer);
    }
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as {
      type: string;
      requestId: number;
      success: boolean;
      result: unknown;
    };
    if (message.type !== "MutationResponse") return;
    if (!message.success) throw new Error(`Refused: ${String(message.result)}`);
    const transfer = this.unanswered.get(message.requestId);
    this.unanswered.delete(message.requestId);
    if (transfer === undefined) throw new Error(`Answered twice: ${text}`);
    this.ledger.acknowledged.set(transfer.id, message.result as number);
    this.fill();
  }

  private request(requestId: number, transfer: Transfer): void {
    this.send({
      type: "Mutation",
      requestId,
      udfPath: "ledger:transfer",
      args: [transfer],
    });
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(message));
    }
  }
}
