import { spawn } from "node:child_process";
import { SHELL, environment, resolvePath } from "./environment";
import { ToolboxError } from "./http";
import { outputPipe } from "./pipes";
import { Ring } from "./ring";

/** As the toolbox's own document says: "defaults to 10 seconds". */
const DEFAULT_TIMEOUT_S = 10;

/** More than this is cut, keeping the end: the supervisor's memory is small. */
export const MAX_OUTPUT = 8 * 1024 * 1024;

export interface ExecuteRequest {
  command: string;
  cwd?: string;
  envs?: Record<string, string>;
  /** Seconds; 0 waits for as long as it takes. */
  timeout?: number;
}

export interface ExecuteResult {
  exitCode: number;
  result: string;
}

/**
 * Runs one command to its end, whatever it leaves in the background.
 *
 * @throws ToolboxError 408 at the timeout, 400 when it cannot be started
 */
export async function execute(request: ExecuteRequest): Promise<ExecuteResult> {
  const output = new Ring(MAX_OUTPUT);
  const pipe = await outputPipe((chunk) => output.push(chunk));
  const seconds = request.timeout ?? DEFAULT_TIMEOUT_S;
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const child = spawn(SHELL, ["-c", request.command], {
      cwd: resolvePath(request.cwd ?? "."),
      env: { ...environment, ...request.envs },
      stdio: ["ignore", pipe.writeFd, pipe.writeFd],
      detached: true,
    });
    pipe.started();
    const timer =
      seconds > 0
        ? setTimeout(() => {
            timedOut = true;
            killGroup(child.pid);
          }, seconds * 1000)
        : undefined;
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const missing = error.code === "ENOENT" && request.cwd !== undefined;
      const why = missing
        ? `working directory not found: ${request.cwd}`
        : `could not run the command: ${error.message}`;
      reject(new ToolboxError(400, why));
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      pipe.drain();
      if (timedOut) return reject(timeoutError(seconds));
      const exitCode = code ?? 128 + signalNumber(signal);
      resolve({ exitCode, result: textOf(output) });
    });
  });
}

function textOf(output: Ring): string {
  const { dropped } = output;
  const text = output.toString();
  return dropped > 0 ? `[${dropped} bytes of output left out]\n${text}` : text;
}

function timeoutError(seconds: number): ToolboxError {
  return new ToolboxError(
    408,
    `command execution timeout after ${seconds} s`,
    "PROCESS_EXECUTION_TIMEOUT",
  );
}

/** The group is the command and all it started that did not leave it. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: it ended between the decision and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function signalNumber(signal: NodeJS.Signals | null): number {
  return (signal && SIGNALS[signal]) ?? 0;
}
