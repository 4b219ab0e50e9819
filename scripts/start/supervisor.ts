import { join } from "node:path";
import { Child, type Part, type Ready } from "./child";
import { LogFile } from "./logfile";
import { dim, say, seconds, step, warn } from "./terminal";

/** How long each process may take to end when asked, before it is killed. */
export const GRACE_MS = 1_200;

/** Starts parts, keeps them running, stops them in the opposite order. */
export class Supervisor {
  private children: Child[] = [];
  private stopped: Promise<void> | null = null;

  /** Called when a part has started, at first or again. */
  onChange: () => void = () => {};

  constructor(private readonly logDir: string) {}

  /**
   * Starts a part and waits until it serves; for ever, once all is stopped.
   *
   * @throws Error with its last words when it does not get ready.
   */
  async start(part: Part): Promise<Ready> {
    if (this.stopped) return new Promise(() => {});
    const log = new LogFile(join(this.logDir, `${part.name}.log`));
    const child = new Child(part, log, {
      onRestarting: (how, delayMs) => {
        if (this.stopped) return;
        warn(
          `${part.name} ${how}: starting it again in ${seconds(delayMs)} ${dim(`(${log.path})`)}`,
        );
      },
      onRestarted: (tookMs) => {
        this.onChange();
        say(
          `${part.name} is back on the same port ${dim(`(${seconds(tookMs)})`)}`,
        );
      },
    });
    this.children.push(child);
    try {
      const ready = await child.start();
      this.onChange();
      return ready;
    } catch (error) {
      // Ended while it was starting: no failure, and nobody waits for it.
      if (this.stopped) return new Promise(() => {});
      throw error;
    }
  }

  get hasChildren(): boolean {
    return this.children.length > 0;
  }

  /** Process ids by part, for the record in the data folder. */
  pids(): Record<string, number | undefined> {
    return Object.fromEntries(
      this.children.map((child) => [child.part.name, child.pid]),
    );
  }

  /**
   * Ends everything: first the pages, then the backend, then the rest at once.
   * Each has 1.2 s to end by itself, so all of it takes less than 5 s.
   */
  stop(): Promise<void> {
    this.stopped ??= this.stopChildren();
    return this.stopped;
  }

  /** As `stop`, after which parts can be started anew. */
  async stopChildren(): Promise<void> {
    const named = (name: string) =>
      this.children.filter(({ part }) => part.name === name);
    const first = [...named("web"), ...named("backend")];
    for (const child of first) await this.stopOne(child);
    const rest = this.children.filter((child) => !first.includes(child));
    await Promise.all(rest.map((child) => this.stopOne(child)));
    if (!this.stopped) this.children = [];
  }

  private async stopOne(child: Child): Promise<void> {
    await step(`stop ${child.part.name}`, () => child.stop(GRACE_MS));
  }
}
