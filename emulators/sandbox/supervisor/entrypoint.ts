import { spawn } from "node:child_process";
import { HOME, environment } from "./environment";
import { outputPipe } from "./pipes";
import { Ring } from "./ring";

const KEPT = 256 * 1024;

export interface EntrypointState {
  state: "none" | "running" | "exited" | "failed";
  pid?: number;
  exitCode?: number | null;
  signal?: string | null;
  message?: string;
}

const stdout = new Ring(KEPT);
const stderr = new Ring(KEPT);
let state: EntrypointState = { state: "none" };

/** Starts the snapshot's main process. When it ends, the sandbox stays. */
export async function startEntrypoint(command: string[]): Promise<void> {
  const [file, ...args] = command;
  if (file === undefined) return;
  // Passed on as well, so that the server still has it when all is dead.
  const out = await outputPipe((chunk) => {
    stdout.push(chunk);
    process.stdout.write(chunk);
  });
  const err = await outputPipe((chunk) => {
    stderr.push(chunk);
    process.stderr.write(chunk);
  });
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
  });
  child.once("exit", (exitCode, signal) => {
    state = { state: "exited", exitCode, signal };
    process.stderr.write(`entrypoint ended: ${exitCode ?? signal}\n`);
  });
}

export function entrypointState(): EntrypointState {
  return state;
}

export function entrypointLogs() {
  const out = stdout.toString();
  const err = stderr.toString();
  return { output: out + err, stdout: out, stderr: err };
}
