import { spawn } from "node:child_process";

export type RunResult =
  { ok: true; stdout: string } | { ok: false; reason: string };

/** Building is minutes at worst; anything longer hangs. */
const LIMIT_MS = 10 * 60_000;
const TAIL_CHARS = 1_500;

/** Runs a program to its end. A failure is an answer, with its last words. */
export function run(
  command: string,
  args: string[],
  options: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<RunResult> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(LIMIT_MS);
    const signal = options.signal
      ? AbortSignal.any([options.signal, limit])
      : limit;
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      signal,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let tail = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
      tail = (tail + chunk.toString("utf8")).slice(-TAIL_CHARS);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString("utf8")).slice(-TAIL_CHARS);
    });
    child.once("error", (error) => {
      resolve({ ok: false, reason: `${command}: ${error.message}` });
    });
    child.once("close", (code, killed) => {
      if (code === 0) resolve({ ok: true, stdout });
      else resolve({ ok: false, reason: lastWords(tail, killed ?? code) });
    });
  });
}

function lastWords(tail: string, how: string | number | null): string {
  const lines = tail.trim().split("\n").slice(-6).join("\n");
  return lines || `it ended with ${how}`;
}
