/** A bucket holds `burst` and gains `perMinute`. */
export type Rate = { perMinute: number; burst: number };

/** Those used least recently are forgotten first: a bucket is full again anyway. */
const MOST = 10_000;

/** Token buckets by key, in this process's memory. */
export class Buckets {
  private readonly levels = new Map<string, { left: number; at: number }>();

  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes one. 0, or the milliseconds until there is one to take. */
  take(key: string): number {
    const left = this.left(key);
    this.keep(key, left < 1 ? left : left - 1);
    const perMs = this.rate.perMinute / 60_000;
    return left < 1 ? Math.ceil((1 - left) / perMs) : 0;
  }

  giveBack(key: string): void {
    this.keep(key, Math.min(this.rate.burst, this.left(key) + 1));
  }

  private left(key: string): number {
    const { burst, perMinute } = this.rate;
    const level = this.levels.get(key);
    if (!level) return burst;
    const gained = ((this.now() - level.at) * perMinute) / 60_000;
    return Math.min(burst, level.left + gained);
  }

  private keep(key: string, left: number): void {
    this.levels.delete(key);
    this.levels.set(key, { left, at: this.now() });
    if (this.levels.size <= MOST) return;
    const [oldest] = this.levels.keys();
    if (oldest !== undefined) this.levels.delete(oldest);
  }
}
