import { join } from "node:path";
import type { Cleanup } from "./backend-harness";

export const MAIN = join(import.meta.dir, "../../emulators/backend/main.ts");

export type BackendProcess = {
  url: string;
  siteUrl: string;
  port: number;
  pid: number;
  /** As a crash: nothing of it gets to say good-bye. */
  kill(): Promise<void>;
  /** As `bun start` ends it; the exit code. */
  stop(): Promise<number>;
};

/** Starts the backend as its own process; rejects with what it printed if it cannot start. */
export async function startProcess(
  cleanup: Cleanup,
  options: {
    functions: string;
    data: string;
    port?: number;
    flags?: string[];
  },
): Promise<BackendProcess> {
  const child = Bun.spawn(
    [
      process.execPath,
      MAIN,
      "--functions",
      options.functions,
      "--data",
      options.data,
      "--port",
      String(options.port ?? 0),
      ...(options.flags ?? []),
    ],
    { env: process.env, stdout: "pipe", stderr: "pipe" },
  );
  cleanup.add(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const line = await firstLine(child.stdout);
  if (line === null) throw new Error(await new Response(child.stderr).text());
  const { url, siteUrl } = JSON.parse(line) as BackendProcess;
  return {
    url,
    siteUrl,
    port: Number(new URL(url).port),
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
    const end = text.indexOf("\n");
    if (end !== -1) return text.slice(0, end);
  }
}
