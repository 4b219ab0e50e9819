import { statfsSync } from "node:fs";
import { messageOf } from "../errors";
import type { Limits } from "./limits";
import { memoryOf } from "./processes";

/** What the watch needs of a running sandbox. */
export interface Watched {
  home: string;
  processes(): number[];
  /** Ends it; `reason` is for its record. */
  overrun(reason: string): void;
}

const LOOK_MS = 250;
/** A look may take at most this part of the time. */
const SHARE = 20;
/** Homes are measured once the disk has lost this much since they were. */
const DISK_STEP = 64 * 1024 * 1024;
const INODE_STEP = 5_000;
const MEASURE_MS = 60_000;

/**
 * Ends what outgrows its memory or its home where the kernel does not refuse it.
 * Weaker than a group or a quota: between two looks a sandbox may take more.
 * Homes are measured when the disk as a whole has shrunk, so idle ones cost one
 * statfs a look.
 */
export class Watch {
  private readonly watched = new Set<Watched>();
  private timer: Timer | null = null;
  private free: { bytes: number; inodes: number; at: number } | null = null;

  constructor(
    private readonly homes: string,
    private readonly limits: Limits,
    /** False where a group holds the memory. */
    private readonly memory: boolean,
  ) {}

  add(one: Watched): { remove(): void } {
    this.watched.add(one);
    this.timer ??= this.schedule(LOOK_MS);
    return { remove: () => void this.watched.delete(one) };
  }

  close(): void {
    this.watched.clear();
    if (this.timer) clearTimeout(this.timer);
  }

  private schedule(ms: number): Timer {
    const timer = setTimeout(() => {
      const from = performance.now();
      this.look()
        .catch((error) => console.error(`watch: ${messageOf(error)}`))
        .finally(() => {
          const rest = (performance.now() - from) * SHARE;
          const idle = this.watched.size === 0;
          this.timer = idle ? null : this.schedule(Math.max(LOOK_MS, rest));
        });
    }, ms);
    timer.unref();
    return timer;
  }

  private async look(): Promise<void> {
    if (this.memory) {
      const most = this.limits.memoryMiB * 1024 * 1024;
      for (const one of this.watched) {
        const used = memoryOf(one.processes());
        if (used > most) this.end(one, `memory (${this.limits.memoryMiB} MiB)`);
      }
    }
    if (!this.diskShrank()) return;
    for (const one of this.watched) {
      const { bytes, inodes } = await measure(one.home);
      const { diskMiB, files } = this.limits;
      if (bytes > diskMiB * 1024 * 1024) this.end(one, `disk (${diskMiB} MiB)`);
      else if (inodes > files) this.end(one, `files (${files})`);
    }
  }

  private end(one: Watched, what: string): void {
    if (!this.watched.delete(one)) return;
    one.overrun(`It used more than its share of ${what} and was ended.`);
  }

  private diskShrank(): boolean {
    const { bavail, bsize, ffree } = statfsSync(this.homes);
    const now = { bytes: bavail * bsize, inodes: ffree, at: Date.now() };
    const { free } = this;
    const shrank =
      !free ||
      free.bytes - now.bytes > DISK_STEP ||
      free.inodes - now.inodes > INODE_STEP ||
      now.at - free.at > MEASURE_MS;
    if (shrank || now.bytes > free.bytes) this.free = now;
    return shrank;
  }
}

/** du does not follow links and stays on one file system. */
async function measure(
  home: string,
): Promise<{ bytes: number; inodes: number }> {
  const ask = async (...options: string[]) => {
    const du = Bun.spawn(["du", "-sx", ...options, "--", home], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    // Entries that went away meanwhile make it fail with a right total.
    return Number.parseInt(await new Response(du.stdout).text(), 10) || 0;
  };
  const [bytes, inodes] = await Promise.all([
    ask("--block-size=1"),
    ask("--inodes"),
  ]);
  return { bytes, inodes };
}
