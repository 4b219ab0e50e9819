/** A fixed number of places; who comes later waits, in order. */
export class Places {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves to a function that gives the place back; null when aborted. */
  async take(signal: AbortSignal): Promise<(() => void) | null> {
    if (signal.aborted) return null;
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#turnCame(signal))) return null;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }

  /** Resolves to true when a place was handed over. */
  #turnCame(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const handed = () => {
        signal.removeEventListener("abort", aborted);
        resolve(true);
      };
      const aborted = () => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== handed);
        resolve(false);
      };
      this.#waiting.push(handed);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}
