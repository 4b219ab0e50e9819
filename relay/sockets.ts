import type { ServerWebSocket } from "bun";
import WebSocket from "ws";
import type { Limits } from "./limits";

/** A browser's WebSocket, and what it is for. */
export type Near = ServerWebSocket<NearEnd>;
export type NearEnd = {
  opened(near: Near): void;
  message(message: string | Buffer): void;
  /** What was sent is on its way: there is room again. */
  drained(): void;
  closed(code: number, reason: string): void;
};

/** A WebSocket of ours to a sandbox. Of Bun's clients, `ws` is the one that bounds messages. */
export type Far = WebSocket;

/**
 * Opens one, and has it wait until somebody listens.
 * Throws Error where nobody takes it.
 */
export function openFar(
  url: string,
  limits: Limits,
  more: { headers?: Record<string, string>; protocols?: string[] } = {},
): Promise<Far> {
  const far = new WebSocket(url, more.protocols ?? [], {
    headers: more.headers ?? {},
    maxPayload: limits.received,
    handshakeTimeout: limits.connect,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      far.terminate();
      reject(new Error("no answer"));
    }, limits.connect);
    far.once("open", () => {
      clearTimeout(timer);
      far.pause();
      resolve(far);
    });
    // Stays: an error without a listener would end the process.
    far.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    far.once("close", () => {
      clearTimeout(timer);
      reject(new Error("closed"));
    });
  });
}

/** http(s) to ws(s). */
export function socketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/**
 * Ends one half as the other ended: who connects again after a restart, or a
 * crash, goes by the code. One that broke off (1006) was not closed, and is not
 * said to have been.
 */
export function endAs(
  half: { close(code: number, reason?: string): void; terminate(): void },
  code: number,
  reason: string,
): void {
  if (code === 1006 || code === 1015) half.terminate();
  else if (code === 1005)
    half.close(1000); // a close without a code
  else half.close(code, reason);
}

/** How often a socket that has no event for it is asked whether it has caught up. */
const DRAIN_MS = 20;

/**
 * Keeps the two halves of a connection in step: whichever is slow, the other is
 * made to wait by its own TCP window, so that nothing piles up here.
 */
export class Pace {
  private timer: ReturnType<typeof setInterval> | null = null;
  private full = false;
  private held = false;

  constructor(
    private readonly near: Near,
    private readonly far: Far,
    private readonly limits: Limits,
  ) {}

  /** False once waiting has not helped: the connection has to be given up. */
  toNear(message: string | Buffer): boolean {
    this.near.send(message);
    const unsent = this.near.getBufferedAmount();
    if (unsent > this.limits.buffered) this.full = true;
    this.settle();
    return unsent <= this.limits.bufferedAtMost;
  }

  /** The near half has sent what it had. */
  drained(): void {
    this.full = false;
    this.settle();
  }

  /** Makes the far half wait for another reason too. */
  hold(held: boolean): void {
    this.held = held;
    this.settle();
  }

  private settle(): void {
    const waits = this.full || this.held;
    if (waits === this.far.isPaused) return;
    if (waits) this.far.pause();
    else this.far.resume();
  }

  toFar(message: string | Buffer): boolean {
    this.far.send(message);
    const unsent = this.far.bufferedAmount;
    if (unsent > this.limits.buffered && !this.timer) {
      this.near.pause();
      this.timer = setInterval(() => this.look(), DRAIN_MS);
    }
    return unsent <= this.limits.bufferedAtMost;
  }

  end(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  private look(): void {
    if (this.far.bufferedAmount > this.limits.buffered / 2) return;
    this.end();
    this.near.resume();
  }
}
