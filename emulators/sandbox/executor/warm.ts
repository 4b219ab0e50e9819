import { messageOf } from "../errors";
import type { Snapshot } from "../snapshots";
import type { Cell } from "./cell";

/** Isolated and waiting: the supervisor is up, nothing of anyone's runs in it. */
export interface Ready {
  id: string;
  hostUid: number | null;
  cell: Cell;
}

/** Lets the sandbox that was just made have the processor to itself at first. */
const AFTER_MS = 200;

/**
 * A few sandboxes ahead of time, of the snapshot that was asked for last. One is
 * used once, by whoever creates next, and has never held anything of another.
 */
export class WarmPool {
  private ready: Ready[] = [];
  private key: string | null = null;
  private making: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly size: number,
    private readonly make: (snapshot: Snapshot) => Promise<Ready>,
    private readonly discard: (one: Ready) => Promise<void>,
  ) {}

  take(snapshot: Snapshot): Ready | null {
    if (this.key !== keyOf(snapshot)) return null;
    return this.ready.shift() ?? null;
  }

  /** Makes up for what was taken, or turns to another snapshot; in its own time. */
  refill(snapshot: Snapshot): void {
    if (this.size === 0 || this.closed) return;
    this.making ??= this.fill(snapshot).finally(() => (this.making = null));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.making;
    await this.empty();
  }

  private async fill(snapshot: Snapshot): Promise<void> {
    await Bun.sleep(AFTER_MS);
    try {
      const key = keyOf(snapshot);
      if (this.key !== key) await this.empty();
      this.key = key;
      while (this.ready.length < this.size && !this.closed) {
        this.keep(await this.make(snapshot));
      }
    } catch (error) {
      // The next create makes its own, and meets the reason if it lasts.
      console.error(`warm pool: ${messageOf(error)}`);
    }
  }

  private keep(one: Ready): void {
    this.ready.push(one);
    void one.cell.ended.then(async () => {
      const at = this.ready.indexOf(one);
      if (at < 0) return;
      this.ready.splice(at, 1);
      await this.discard(one);
    });
  }

  private async empty(): Promise<void> {
    const old = this.ready.splice(0);
    await Promise.all(old.map((one) => this.discard(one)));
  }
}

/** All that is fixed when it is isolated; the rest is told at its boot. */
function keyOf({ name, root, binds, createdAt }: Snapshot): string {
  return JSON.stringify([name, root, binds, createdAt]);
}
