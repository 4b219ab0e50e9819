import { createHash } from "node:crypto";
import { Dice } from "./random";

/**
 * The modelled outside: a provider that is slow, lags and forgets to answer,
 * and in each of its sandboxes a daemon. All waiting is on the virtual clock,
 * because the functions that call it run on it.
 */

export type Box = {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: "creating" | "started" | "stopped" | "destroying" | "destroyed";
  previewToken: string;
  claim: { key: string } | null;
  config: { writeToken: number; hash: string } | null;
  /** skill key + digest on disk; survives a stop. */
  disk: Set<string>;
};

/** What happens to a call, drawn for each. */
export type Fault = "none" | "before" | "after" | "hang" | "late" | "crash";

/** What an adversary, or bad luck, does to every call of a kind while it lasts. */
export type Mood =
  | "none"
  | "unclaimed" // the daemon has lost its key, again and again
  | "stale" // the daemon claims to have seen the last write token there is
  | "dies" // a started sandbox stops before it can be claimed
  | "late-create" // the worker dies; its create lands over a minute later
  | "quota" // creates are refused
  | "forbidden" // the provider refuses reads and uploads
  | "coded-503" // a proxy answers a stranger in the daemon's manner
  | "404"; // the provider knows nothing and nobody

export class NoAnswer extends Error {}
export class WorkerDied extends Error {}

export class World {
  readonly boxes = new Map<string, Box>();
  readonly dice: Dice;
  /** Probability that a call is disturbed; 0 in fair weather. */
  weather = 0;
  mood: Mood = "none";
  creates = 0;
  readonly drawn = new Map<string, number>();
  private serial = 0;

  constructor(readonly seed: number) {
    this.dice = new Dice(seed * 7919 + 17);
  }

  byName(name: string): Box | undefined {
    return [...this.boxes.values()].find(
      (box) => box.name === name && box.state !== "destroyed",
    );
  }

  live(): Box[] {
    return [...this.boxes.values()].filter(
      (box) => box.state !== "destroyed" && box.state !== "destroying",
    );
  }

  make(name: string, labels: Record<string, string>): Box {
    this.creates += 1;
    this.serial += 1;
    const box: Box = {
      id: `box-${this.seed}-${this.serial}`,
      name,
      labels,
      state: "started",
      previewToken: `preview-${this.serial}-0`,
      claim: null,
      config: null,
      disk: new Set(),
    };
    this.boxes.set(box.id, box);
    return box;
  }

  boot(box: Box): void {
    box.state = "started";
    box.claim = null;
    this.serial += 1;
    box.previewToken = `preview-${this.serial}`;
  }

  stop(box: Box): void {
    box.state = "stopped";
    box.claim = null;
  }

  destroy(box: Box): void {
    box.state = "destroying";
    // Gone a little later, as the real thing.
    setTimeout(
      () => {
        box.state = "destroyed";
      },
      this.dice.between(0, 3_000),
    );
  }

  /**
   * One remote call: waits, and does `effect` unless the weather is against
   * it. Whoever asked learns nothing from a call that was cut.
   */
  async call<T>(route: string, effect: () => T): Promise<T> {
    const fault = this.draw(route);
    await this.wait(this.dice.between(1, 400));
    switch (fault) {
      case "none":
        return effect();
      case "before":
        throw new NoAnswer(route);
      case "after":
        effect();
        throw new NoAnswer(route);
      case "hang":
        await this.wait(20_000);
        throw new NoAnswer(route);
      case "late":
        // It happens after everybody stopped waiting.
        setTimeout(
          () => swallowRefusal(effect),
          this.dice.between(21_000, 90_000),
        );
        await this.wait(20_000);
        throw new NoAnswer(route);
      case "crash":
        if (this.dice.chance(0.5)) effect();
        throw new WorkerDied(route);
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  private draw(route: string): Fault {
    const fault = this.dice.chance(this.weather)
      ? this.dice.pick(["before", "after", "hang", "late", "crash"] as const)
      : "none";
    const key = `${route} ${fault}`;
    this.drawn.set(key, (this.drawn.get(key) ?? 0) + 1);
    return fault;
  }
}

/** A refusal nobody hears: the caller has gone. Anything else is our bug. */
function swallowRefusal(effect: () => unknown): void {
  try {
    effect();
  } catch (error) {
    if (!(error instanceof Error) || !("statusCode" in error)) throw error;
  }
}

export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
