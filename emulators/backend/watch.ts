import { watch } from "node:fs";
import { join } from "node:path";

/** Editors write in several steps; this much quiet is the end of a change. */
const QUIET_MS = 100;

type Ready = { url: string; siteUrl: string };

/**
 * Runs the backend as a child process, and again whenever a file of the
 * functions folder changes. A process of its own each time: every module is
 * evaluated anew, and what a function left behind in memory is gone, as after
 * a deploy. The data and both addresses stay, so clients reconnect by
 * themselves. While the functions cannot be loaded nothing runs, and the next
 * change is waited for.
 */
export class Watched {
  private child: Bun.Subprocess<"ignore", "pipe", "inherit"> | null = null;
  private ready: Ready | null = null;
  private turn: Promise<void> = Promise.resolve();
  private stopped = false;

  /** @param args of main.ts, without `--watch` and the ports */
  constructor(
    private readonly args: readonly string[],
    private readonly ports: { port: number; sitePort: number },
    private readonly onReady: (ready: Ready) => void,
  ) {}

  async start(functions: string): Promise<void> {
    let quiet: ReturnType<typeof setTimeout> | undefined;
    watch(functions, { recursive: true }, () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => void this.restart(), QUIET_MS);
    });
    await this.restart();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.end();
  }

  private restart(): Promise<void> {
    this.turn = this.turn.then(async () => {
      await this.end();
      if (!this.stopped) await this.run();
    });
    return this.turn;
  }

  /** The folder's lock ends with the process: it has to be gone first. */
  private async end(): Promise<void> {
    this.child?.kill("SIGTERM");
    await this.child?.exited;
    this.child = null;
  }

  private async run(): Promise<void> {
    const { url, siteUrl } = this.ready ?? { url: null, siteUrl: null };
    const child = Bun.spawn(
      [
        ...[process.execPath, join(import.meta.dir, "main.ts"), ...this.args],
        ...["--port", portOf(url) ?? String(this.ports.port)],
        ...["--site-port", portOf(siteUrl) ?? String(this.ports.sitePort)],
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    );
    this.child = child;
    const line = await firstLine(child.stdout);
    if (line === null) {
      console.error("Waiting for a change.");
      return;
    }
    const first = this.ready === null;
    this.ready = JSON.parse(line) as Ready;
    if (first) this.onReady(this.ready);
    else console.error(`Reloaded at ${this.ready.url}`);
  }
}

function portOf(url: string | null): string | null {
  return url === null ? null : new URL(url).port;
}

async function firstLine(
  stream: ReadableStream<Uint8Array>,
): Promise<string | null> {
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
