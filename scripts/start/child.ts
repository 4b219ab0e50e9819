import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LogFile } from "./logfile";
import { eachLine, signalGroup } from "./run";

const TETHER = join(dirname(fileURLToPath(import.meta.url)), "tether.mjs");

/** How to run one part of the product. Asked again at each restart. */
export type Part = {
  name: string;
  runtime: "bun" | "node";
  /** Script and arguments. */
  args: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  readyWithinMs?: number;
};

/** The line of JSON a part prints on standard output once it serves. */
export type Ready = { ready: true; url: string } & Record<string, unknown>;

export type ChildEvents = {
  /** It ended unasked and is started again in `delayMs`. */
  onRestarting(how: string, delayMs: number): void;
  onRestarted(tookMs: number): void;
};

/** Waits before the restarts that follow one another. */
const BACKOFF_MS = [100, 500, 1_000, 2_000, 5_000, 10_000];
/** Alive for so long, a child has earned a fresh start of the backoff. */
const STEADY_MS = 30_000;

type Process = Bun.Subprocess<"pipe", "pipe", "pipe">;

/**
 * One supervised process. It is restarted with the same arguments, so on the
 * same port, whenever it ends unasked. It leads a process group of its own: a
 * Ctrl-C in the terminal reaches only the supervisor, which stops its children
 * one by one, and a last resort kill takes what the child started with it.
 */
export class Child {
  private process: Process | null = null;
  private stopping = false;
  private failures = 0;
  private wake: (() => void) | null = null;
  private life: Promise<void> = Promise.resolve();

  constructor(
    readonly part: Part,
    readonly log: LogFile,
    private readonly events: ChildEvents,
  ) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** @throws Error with the last lines of its log when it does not get ready. */
  async start(): Promise<Ready> {
    const ready = await this.launch();
    this.life = this.keepAlive();
    return ready;
  }

  /** Ends it: asked with SIGTERM, killed with its group after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    this.wake?.();
    const child = this.process;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(
        () => signalGroup(child.pid, "SIGKILL"),
        graceMs,
      );
      await child.exited;
      clearTimeout(timer);
    }
    await this.life;
  }

  private async keepAlive(): Promise<void> {
    while (!this.stopping) {
      const child = this.process;
      const since = performance.now();
      if (child) await child.exited;
      if (this.stopping) return;
      if (performance.now() - since > STEADY_MS) this.failures = 0;
      await this.revive(child ? howItEnded(child) : "did not start");
    }
  }

  private async revive(how: string): Promise<void> {
    const delay = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)];
    this.failures += 1;
    this.events.onRestarting(how, delay ?? 0);
    await this.pause(delay ?? 0);
    if (this.stopping) return;
    const startedAt = performance.now();
    try {
      await this.launch();
    } catch (error) {
      this.log.write(`supervisor: ${(error as Error).message}`);
      this.process = null;
      return;
    }
    // Runs: what goes wrong in telling of it must not have it started again,
    // on its own port, for ever.
    try {
      this.events.onRestarted(performance.now() - startedAt);
    } catch (error) {
      this.log.write(`supervisor: ${(error as Error).message}`);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private async launch(): Promise<Ready> {
    const { part } = this;
    const program =
      part.runtime === "bun"
        ? // It gets what its part names, and not what lies in a file beside it.
          [process.execPath, "--no-env-file", "--preload", TETHER]
        : ["node", "--import", TETHER];
    const child = Bun.spawn([...program, ...part.args], {
      cwd: part.cwd,
      env: part.env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.process = child;
    this.log.write(`supervisor: started as ${child.pid}`);
    const announced = Promise.withResolvers<Ready>();
    const onLine = (line: string) => {
      const ready = readReady(line);
      if (ready) announced.resolve(ready);
      else this.log.write(line);
    };
    const output = Promise.all([
      eachLine(child.stdout, onLine),
      eachLine(child.stderr, (line) => this.log.write(line)),
    ]);
    const withinMs = part.readyWithinMs ?? 60_000;
    const timer = setTimeout(
      () => announced.reject(this.failed(`not ready after ${withinMs} ms`)),
      withinMs,
    );
    // Its last words come before the error that quotes them.
    void Promise.all([child.exited, output]).then(
      () => announced.reject(this.failed(howItEnded(child))),
      (error: Error) => {
        this.log.write(`supervisor: ${error.message}`);
        announced.reject(error);
      },
    );
    try {
      return await announced.promise;
    } catch (error) {
      signalGroup(child.pid, "SIGKILL");
      await child.exited;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private failed(how: string): Error {
    const words = this.log
      .tail()
      .map((line) => `    ${line}`)
      .join("\n");
    return new Error(
      `${this.part.name} ${how}. Its last words (all in ${this.log.path}):\n${words}`,
    );
  }
}

function readReady(line: string): Ready | null {
  if (!line.startsWith("{")) return null;
  try {
    const said = JSON.parse(line) as Partial<Ready>;
    return said.ready === true && typeof said.url === "string"
      ? (said as Ready)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function howItEnded(child: Process): string {
  return child.signalCode
    ? `was ended by ${child.signalCode}`
    : `ended with code ${child.exitCode}`;
}
