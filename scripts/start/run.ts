import type { Progress } from "./terminal";

export type Ran = { ok: boolean; code: number; output: string };

/**
 * Runs a program to its end; each line it prints is passed on as progress. The
 * output that comes back is its last 200 lines, or the last `keep`.
 *
 * @throws Error when the program is not to be found.
 */
export async function run(
  command: string[],
  options: {
    cwd?: string;
    env?: Record<string, string | undefined>;
    progress?: Progress;
    keep?: number;
    signal?: AbortSignal;
  } = {},
): Promise<Ran> {
  const child = Bun.spawn(command, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines: string[] = [];
  const take = (line: string) => {
    lines.push(line);
    if (lines.length > (options.keep ?? 200)) lines.shift();
    if (line.trim()) options.progress?.(line.trim().slice(0, 100));
  };
  const [code] = await Promise.all([
    child.exited,
    eachLine(child.stdout, take),
    eachLine(child.stderr, take),
  ]);
  return { ok: code === 0, code, output: lines.join("\n") };
}

/** Calls back for each line of a stream, the last one too if it has no end. */
export async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  if (rest) take(rest);
}

/** What a program prints about itself, or null where it is not to be run. */
export function ask(command: string[]): string | null {
  if (!Bun.which(command[0] ?? "")) return null;
  const { exitCode, stdout } = Bun.spawnSync(command, {
    stdin: "ignore",
    stderr: "ignore",
  });
  return exitCode === 0 ? stdout.toString().trim() : null;
}
