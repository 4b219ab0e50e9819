import type { FunctionContext } from "../../emulators/backend/functions/context";
import type { WorkerCall } from "./fences";
import { hold } from "./hold";

/** How a worker's attempt came to its end, as seen from its remote calls. */
export const ENDS = [
  "reported",
  "report refused",
  "froze, then reported",
  "died in a call",
  "died before its report",
  "died after its report",
  "went down with the server",
] as const;
export type End = (typeof ENDS)[number];

/** Jobs that a sandbox can make long, and how many of each there may be at once. */
const LONG_JOBS = { install: 3, copy: 2 } as const;
export type LongJob = keyof typeof LONG_JOBS;

/** One run of an action: what it was to do, which calls it made, how it ended. */
export class Attempt {
  step: string;
  froze = false;
  /** Nothing it would still do takes place, whatever its timers say. */
  dead = false;
  /** What it asks a daemon that may keep it waiting for long. */
  asking: LongJob | null = null;
  /** The mutation it waits for. */
  calling: WorkerCall | null = null;
  /** Called some time after it died: then its job has failed. */
  onNoticed: () => void = () => {};
  /** The last fault of its calls. */
  worst = "none";
  private calls: { route: string; fault: string }[] = [];

  constructor(
    readonly path: string,
    private readonly count: (key: string) => void,
    private readonly bury: (died: () => void) => void,
  ) {
    this.step = path.replace(/^node\/|:run$/g, "");
  }

  called(route: string, fault: string): void {
    this.calls.push({ route, fault });
    if (fault !== "none") this.worst = fault;
  }

  die(end: End): void {
    this.ended(end);
    this.dead = true;
    this.bury(() => this.onNoticed());
  }

  ended(end: End): void {
    const calls = this.calls.splice(0);
    for (const { route, fault } of calls) {
      this.count(`${this.step}|${route}|${fault}|${end}`);
    }
  }
}

/** Three and two are five of the eight jobs that the smallest deployment runs at once. */
export function isBounded(attempts: Attempts, kind: LongJob): void {
  const asking = attempts.asking(kind);
  hold(`long jobs are bounded (${kind})`, asking <= LONG_JOBS[kind]);
}

/** The attempts under way, by the context their action runs in. */
export class Attempts {
  /** step|route|fault|end -> how often */
  readonly counts = new Map<string, number>();
  private readonly open = new Map<FunctionContext, Attempt>();

  /** @param bury calls back when the death of a worker has been noticed */
  constructor(private readonly bury: (died: () => void) => void) {}

  of(context: FunctionContext | undefined): Attempt | undefined {
    if (context === undefined || context.kind !== "action") return undefined;
    let attempt = this.open.get(context);
    if (attempt === undefined) {
      attempt = new Attempt(
        context.path,
        (key) => this.counts.set(key, (this.counts.get(key) ?? 0) + 1),
        this.bury,
      );
      this.open.set(context, attempt);
    }
    return attempt;
  }

  /** The call of a worker that is being committed now. */
  calling(context: FunctionContext | undefined): WorkerCall | null {
    return (context && this.open.get(context)?.calling) ?? null;
  }

  /** How many jobs of the kind wait for an answer. */
  asking(kind: LongJob): number {
    let asking = 0;
    for (const attempt of this.open.values()) {
      if (attempt.asking === kind && !attempt.dead) asking += 1;
    }
    return asking;
  }

  crashed(): void {
    for (const attempt of this.open.values()) {
      attempt.ended("went down with the server");
    }
    this.open.clear();
  }
}
