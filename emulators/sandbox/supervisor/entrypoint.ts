import { spawn } from "node:child_process";
import type { WebSocket } from "ws";
import { HOME, environment } from "./environment";
import { outputPipe } from "./pipes";
import { Ring } from "./ring";
import { sendMarked } from "./session-logs";

const KEPT = 256 * 1024;

export interface EntrypointState {
  state: "none" | "running" | "exited" | "failed";
  pid?: number;
  exitCode?: number | null;
  signal?: string | null;
  message?: string;
}

const rings = { stdout: new Ring(KEPT), stderr: new Ring(KEPT) };
const followers = new Set<WebSocket>();
let state: EntrypointState = { state: "none" };

/** Starts the snapshot's main process. When it ends, the sandbox stays. */
export async function startEntrypoint(command: string[]): Promise<void> {
  const [file, ...args] = command;
  if (file === undefined) return;
  // Passed on as well, so that the server still has it when all is dead.
  const said = (stream: keyof typeof rings) => (chunk: Buffer) => {
    rings[stream].push(chunk);
    process[stream].write(chunk);
    for (const socket of followers) {
      // Whoever does not keep up misses the rest, not the sandbox its memory.
      if (socket.bufferedAmount > KEPT) socket.terminate();
      else sendMarked(socket, stream, chunk);
    }
  };
  const out = await outputPipe(said("stdout"));
  const err = await outputPipe(said("stderr"));
  const child = spawn(file, args, {
    cwd: HOME,
    env: environment,
    stdio: ["ignore", out.writeFd, err.writeFd],
    detached: true,
  });
  out.started();
  err.started();
  state = { state: "running", pid: child.pid };
  child.once("error", (error) => {
    state = { state: "failed", message: error.message };
    process.stderr.write(`entrypoint could not start: ${error.message}\n`);
    dismiss();
  });
  child.once("exit", (exitCode, signal) => {
    state = { state: "exited", exitCode, signal };
    process.stderr.write(`entrypoint ended: ${exitCode ?? signal}\n`);
    dismiss();
  });
}

export function entrypointState(): EntrypointState {
  return state;
}

export function entrypointLogs() {
  const stdout = rings.stdout.toString();
  const stderr = rings.stderr.toString();
  return { output: stdout + stderr, stdout, stderr };
}

/** What is kept of its output, then what it says, to its end. */
export function followEntrypoint(socket: WebSocket): void {
  for (const stream of ["stdout", "stderr"] as const) {
    const kept = Buffer.from(rings[stream].toString());
    if (kept.length > 0) sendMarked(socket, stream, kept);
  }
  if (state.state !== "running") return socket.close(1000);
  followers.add(socket);
  socket.once("close", () => followers.delete(socket));
}

function dismiss(): void {
  for (const socket of followers) socket.close(1000);
}
