/** A small seeded generator (mulberry32): the same seed is the same run. */
export class Dice {
  constructor(private state: number) {}

  /** A generator of its own for each thing that is drawn, so that dropping one changes no other. */
  static of(seed: number, about: string): Dice {
    let hash = (seed ^ 0x811c9dc5) | 0;
    for (let i = 0; i < about.length; i++) {
      hash = Math.imul(hash ^ about.charCodeAt(i), 0x01000193);
    }
    return new Dice(hash);
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("Nothing to pick from.");
    return item;
  }

  /** One of the names, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    let left =
      this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    throw new Error("Nothing to pick from.");
  }
}
