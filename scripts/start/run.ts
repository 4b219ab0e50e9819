import type { Progress } from "./terminal";

export type Ran = {
  ok: boolean;
  code: number;
  output: string;
  /** The last line on its standard output; "" where it printed none. */
  answer: string;
};

/** What `endGroups` has to end: the leaders of groups, and when all is read. */
const groups = new Map<Bun.Subprocess, Promise<unknown>>();
let ending = false;

/**
 * Runs a program to its end; each line it prints is passed on as progress. The
 * output that comes back is its last 200 lines, or the last `keep`. With
 * `group` it leads a process group of its own, which `endGroups` ends with all
 * that it started; nobody waits for one that was ended so, and it never settles.
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
    group?: boolean;
  } = {},
): Promise<Ran> {
  if (ending) return new Promise(() => {});
  const child = Bun.spawn(command, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal,
    detached: options.group ?? false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines: string[] = [];
  let answer = "";
  const take = (line: string) => {
    lines.push(line);
    if (lines.length > (options.keep ?? 200)) lines.shift();
    if (line.trim()) options.progress?.(line.trim().slice(0, 100));
  };
  const ended = Promise.all([
    child.exited,
    eachLine(child.stdout, (line) => {
      answer = line;
      take(line);
    }),
    eachLine(child.stderr, take),
  ]);
  if (options.group) groups.set(child, ended);
  const [code] = await ended.finally(() => groups.delete(child));
  if (ending && options.group) return new Promise(() => {});
  return { ok: code === 0, code, output: lines.join("\n"), answer };
}

export const hasGroups = (): boolean => groups.size > 0;

/**
 * Ends the groups that run, and lets no program start any more: asked with
 * SIGTERM, killed after `graceMs`. Resolves when all of each is gone.
 */
export async function endGroups(graceMs: number): Promise<void> {
  ending = true;
  const all = [...groups];
  const send = (signal: NodeJS.Signals) =>
    all.forEach(([{ pid }]) => signalGroup(pid, signal));
  send("SIGTERM");
  const timer = setTimeout(() => send("SIGKILL"), graceMs);
  await Promise.all(all.map(([, ended]) => ended));
  clearTimeout(timer);
}

/** To a child that leads a group, and to what is still in it, by the id we were given. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Gone already: that is what was wanted.
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
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
