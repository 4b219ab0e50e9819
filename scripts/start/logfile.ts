import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { warn } from "./terminal";

/** A log that keeps at most two files of this size: itself and `.1`. */
const MAX_BYTES = 5 * 1024 * 1024;

/** One process's log: `write` adds a line with the time, `tail` has the last ones. */
export class LogFile {
  private size: number;
  private recent: string[] = [];
  private failing = false;

  constructor(
    readonly path: string,
    private readonly maxBytes = MAX_BYTES,
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.size = existsSync(path) ? statSync(path).size : 0;
  }

  /**
   * Never throws: on a full disk a line is lost to the file, and the part it is
   * about goes on. Said once, until writing works again.
   */
  write(line: string): void {
    this.recent.push(line);
    if (this.recent.length > 40) this.recent.shift();
    try {
      this.append(line);
      this.failing = false;
    } catch (error) {
      if (!this.failing) {
        warn(
          `${basename(this.path)} cannot be written: ${(error as Error).message}`,
        );
      }
      this.failing = true;
    }
  }

  private append(line: string): void {
    const text = `${new Date().toISOString()} ${line}\n`;
    if (this.size + text.length > this.maxBytes) {
      if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
      this.size = 0;
    }
    appendFileSync(this.path, text, { mode: 0o600 });
    this.size += text.length;
  }

  /** The last lines of this run, newest last. */
  tail(count = 12): string[] {
    return this.recent.slice(-count);
  }
}
