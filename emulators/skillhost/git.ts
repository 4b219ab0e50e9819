import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChildProcessWithoutNullStreams } from "node:child_process";

/** What git may read of this machine's settings: nothing but what is said here. */
const SETTINGS: [string, string][] = [
  // Repositories may belong to another user than the one who runs Slipway.
  ["safe.directory", "*"],
  // A repository's own config could name commands here; ours wins.
  ["tar.tar.gz.command", "git archive gzip"],
  ["core.fsmonitor", "false"],
  ["core.sshCommand", "false"],
  ["credential.helper", ""],
  ["protocol.ext.allow", "never"],
  ["uploadpack.allowFilter", "true"],
];

/** Longest that one answer may take. */
const LIMIT_MS = 120_000;

function environment(extra: Record<string, string> = {}) {
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    // What a repository says it has elsewhere is not fetched: by a command it names.
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_CONFIG_COUNT: String(SETTINGS.length),
    ...extra,
  };
  SETTINGS.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env as NodeJS.ProcessEnv;
}

/**
 * A repository without settings or anything in it, through which another's objects
 * are read: their own config may name a filter, which is a command, for each file.
 */
export async function plainRepository(dataDir: string): Promise<string> {
  const dir = join(dataDir, "plain.git");
  for (const folder of ["refs", "objects"]) {
    await mkdir(join(dir, folder), { recursive: true });
  }
  await writeFile(join(dir, "HEAD"), "ref: refs/heads/none\n");
  return dir;
}

export type GitOptions = { env?: Record<string, string>; signal?: AbortSignal };

/** Starts git; the caller owns its streams. Killed after two minutes or on abort. */
export function startGit(
  args: string[],
  options: GitOptions = {},
): ChildProcessWithoutNullStreams {
  const signals = [AbortSignal.timeout(LIMIT_MS)];
  if (options.signal) signals.push(options.signal);
  return spawn("git", args, {
    env: environment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
    signal: AbortSignal.any(signals),
    killSignal: "SIGKILL",
  });
}

export type GitResult = { code: number; stdout: string; stderr: string };

/** Runs git to its end. Rejects only when git cannot be started. */
export function runGit(
  args: string[],
  options: GitOptions & { input?: Uint8Array } = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = startGit(args, options);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      }),
    );
    // git may exit before it has read everything; its exit code tells why.
    child.stdin.on("error", (error) => err.push(Buffer.from(error.message)));
    child.stdin.end(options.input);
  });
}
