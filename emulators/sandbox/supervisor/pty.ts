import { constants } from "node:os";
import type { IPty } from "@lydell/node-pty";
import type { WebSocket } from "ws";
import { SHELL, environment, resolvePath } from "./environment";
import { ToolboxError } from "./http";

/** Whoever offers this subprotocol is told of the end in a message; others by the close alone. */
export const EXIT_CONTROL = "X-Daytona-Pty-Exit-Control";

const MAX_SESSIONS = 32;
/** Beyond this the program is made to wait for the slowest reader. */
const MAX_UNSENT = 1024 * 1024;
const DRAIN_MS = 20;

export interface PtyRequest {
  id: string;
  cols: number;
  rows: number;
  cwd?: string;
  envs?: Record<string, string>;
  /** Started by the first one who connects. */
  lazyStart?: boolean;
}

const sessions = new Map<string, PtySession>();

/** @throws ToolboxError 409 when the id is taken, 400 when it makes no sense */
export async function openPty(request: PtyRequest): Promise<PtySession> {
  const { id } = request;
  if (!/^[\w.-]{1,128}$/.test(id)) throw new ToolboxError(400, "invalid id");
  if (sessions.has(id)) {
    throw new ToolboxError(409, `PTY session already exists: ${id}`);
  }
  if (sessions.size >= MAX_SESSIONS) {
    throw new ToolboxError(400, `no more than ${MAX_SESSIONS} PTY sessions`);
  }
  const session = new PtySession(request);
  sessions.set(id, session);
  if (!request.lazyStart) await session.start();
  return session;
}

export function requirePty(id: string): PtySession {
  const session = sessions.get(id);
  if (!session) throw new ToolboxError(404, `PTY session not found: ${id}`);
  return session;
}

export function listPty() {
  return { sessions: [...sessions.values()].map((session) => session.info()) };
}

/** A shell on a terminal of its own, and the sockets that look at it. */
export class PtySession {
  private pty: IPty | null = null;
  private readonly sockets = new Set<WebSocket>();
  private readonly createdAt = new Date().toISOString();
  private cols: number;
  private rows: number;

  constructor(private readonly request: PtyRequest) {
    this.cols = side(request.cols, "cols");
    this.rows = side(request.rows, "rows");
  }

  async start(): Promise<void> {
    if (this.pty) return;
    const { cwd, envs } = this.request;
    // Loaded at the first terminal: it is a native module.
    const { spawn } = await import("@lydell/node-pty");
    if (this.pty) return;
    this.pty = spawn(SHELL, ["-l"], {
      name: "xterm-256color",
      ...{ cols: this.cols, rows: this.rows },
      cwd: resolvePath(cwd ?? "."),
      env: { ...environment, ...envs, TERM: "xterm-256color" },
      // Bytes as they come: a character may be cut in two between chunks.
      encoding: null,
    });
    this.pty.onData((chunk) => this.output(chunk as unknown as Buffer));
    this.pty.onExit(({ exitCode, signal }) => this.ended(exitCode, signal));
  }

  attach(socket: WebSocket): void {
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
    socket.on("message", (data) => this.pty?.write(String(data)));
    socket.send(JSON.stringify({ type: "control", status: "connected" }));
  }

  resize(cols: number, rows: number) {
    this.cols = side(cols, "cols");
    this.rows = side(rows, "rows");
    this.pty?.resize(this.cols, this.rows);
    return this.info();
  }

  kill(): void {
    this.pty?.kill("SIGKILL");
    if (!this.pty) this.ended(0);
  }

  info() {
    const { id, cwd, envs, lazyStart } = this.request;
    return {
      ...{ id, cols: this.cols, rows: this.rows, createdAt: this.createdAt },
      cwd: resolvePath(cwd ?? "."),
      envs: envs ?? {},
      active: this.pty !== null,
      lazyStart: lazyStart ?? false,
    };
  }

  private output(chunk: Buffer): void {
    for (const socket of this.sockets) socket.send(chunk);
    if (this.behind()) this.wait();
  }

  private behind(): boolean {
    return [...this.sockets].some((s) => s.bufferedAmount > MAX_UNSENT);
  }

  private wait(): void {
    this.pty?.pause();
    const timer = setInterval(() => {
      if (this.behind()) return;
      clearInterval(timer);
      this.pty?.resume();
    }, DRAIN_MS);
  }

  private ended(code: number, signal?: number): void {
    sessions.delete(this.request.id);
    const exitCode = signal ? 128 + signal : code;
    const name = Object.entries(constants.signals).find(
      ([, number]) => number === signal,
    )?.[0];
    const end = { exitCode, ...(name ? { exitReason: name } : {}) };
    for (const socket of this.sockets) {
      const control = { type: "control", status: "exited", ...end };
      if (socket.protocol === EXIT_CONTROL) {
        socket.send(JSON.stringify(control));
      }
      socket.close(1000, JSON.stringify(end));
    }
  }
}

function side(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new ToolboxError(400, `${name} must be from 1 to 1000`);
}
