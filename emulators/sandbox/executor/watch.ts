import { statfsSync } from "node:fs";
import { messageOf } from "../errors";
import type { Limits } from "./limits";
import { sizeOf } from "./home-size";
import { memoryOf, shareOf } from "./processes";

/** What the watch needs of a running sandbox. */
export interface Watched {
  /** Null where the home has a disk of its own, which cannot be outgrown. */
  home: string | null;
  /** Its home is not judged before this, in ms since the epoch. */
  diskFrom: number;
  processes(): number[];
  /** Ends it; `reason` is for its record. */
  overrun(reason: string): void;
}

const MEMORY_MS = 250;
const DISK_MS = 400;
/** Looking may take at most this part of the time. */
const SHARE = 6;
/** A look that was slow because all is must not be the last for long. */
const LONGEST_MS = 1_500;
/** Homes are measured once the disk has lost this much since they were. */
const DISK_STEP = 64 * 1024 * 1024;
const INODE_STEP = 5_000;
const HIDDEN =
  "Part of its home could not be measured, at two looks: folders closed to their own user, or too many open files. It was ended. Recover it, and open them (chmod -R u+rwX ~) within a minute.";
/** In any case after this: others may free what a sandbox takes. */
const MEASURE_MS = 5_000;
/** Measuring in any case may take at most this part of the time. */
const MEASURE_SHARE = 20;

/**
 * Ends what outgrows its memory or its home where the kernel does not refuse it.
 * Weaker than a group or a quota: between two looks a sandbox may take more.
 * Homes are measured when the disk as a whole has shrunk, so idle ones cost one
 * statfs a look.
 */
export class Watch {
  private readonly watched = new Set<Watched>();
  private readonly timers = new Map<number, Timer>();
  /** At the look before, part of its home could not be measured. */
  private readonly hiding = new WeakSet<Watched>();
  private free = { bytes: 0, inodes: 0 };
  private measureAgain = 0;

  constructor(
    private readonly homes: string,
    private readonly limits: Limits,
    /** False where a group holds the memory. */
    private readonly memory: boolean,
  ) {}

  add(one: Watched): { remove(): void } {
    this.watched.add(one);
    if (this.memory) this.keep(MEMORY_MS, () => this.lookAtMemory());
    if (one.home !== null) this.keep(DISK_MS, () => this.lookAtDisk());
    return { remove: () => void this.watched.delete(one) };
  }

  close(): void {
    this.watched.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  /** Looks again and again, as long as there is something to look at. */
  private keep(every: number, look: () => void | Promise<void>, wait = every) {
    if (this.timers.has(every)) return;
    const turn = async () => {
      const from = performance.now();
      try {
        await look();
      } catch (error) {
        console.error(`watch: ${messageOf(error)}`);
      }
      this.timers.delete(every);
      if (this.watched.size === 0) return;
      const took = performance.now() - from;
      const rest = Math.min(took * SHARE, LONGEST_MS);
      this.keep(every, look, Math.max(every, rest));
    };
    const timer = setTimeout(() => void turn(), wait);
    timer.unref();
    this.timers.set(every, timer);
  }

  private lookAtMemory(): void {
    const { memoryMiB } = this.limits;
    for (const one of this.watched) {
      if (holdsMore(one.processes(), memoryMiB * 1024 * 1024)) {
        this.end(one, `memory (${memoryMiB} MiB)`);
      }
    }
  }

  private async lookAtDisk(): Promise<void> {
    if (!this.diskShrank()) return;
    const from = performance.now();
    for (const one of this.watched) {
      if (one.home === null || Date.now() < one.diskFrom) continue;
      const { bytes, inodes, hidden } = await sizeOf(one.home, one.processes());
      const { diskMiB, files } = this.limits;
      if (bytes > diskMiB * 1024 * 1024) this.end(one, `disk (${diskMiB} MiB)`);
      else if (inodes > files) this.end(one, `files (${files})`);
      else if (!hidden) this.hiding.delete(one);
      else if (this.hiding.has(one)) this.stop(one, HIDDEN);
      else this.hiding.add(one);
    }
    const took = performance.now() - from;
    this.measureAgain = Date.now() + Math.max(MEASURE_MS, took * MEASURE_SHARE);
  }

  private end(one: Watched, what: string): void {
    this.stop(one, `It used more than its share of ${what} and was ended.`);
  }

  private stop(one: Watched, reason: string): void {
    if (this.watched.delete(one)) one.overrun(reason);
  }

  /** Or it is time to measure in any case. */
  private diskShrank(): boolean {
    const { bavail, bsize, ffree } = statfsSync(this.homes);
    const bytes = bavail * bsize;
    const shrank =
      Date.now() > this.measureAgain ||
      this.free.bytes - bytes > DISK_STEP ||
      this.free.inodes - ffree > INODE_STEP;
    this.free = shrank
      ? { bytes, inodes: ffree }
      : {
          bytes: Math.max(bytes, this.free.bytes),
          inodes: Math.max(ffree, this.free.inodes),
        };
    return shrank;
  }
}

/** What is shared is divided only where counting it for each is too much. */
function holdsMore(pids: number[], bytes: number): boolean {
  return memoryOf(pids) > bytes && shareOf(pids) > bytes;
}
