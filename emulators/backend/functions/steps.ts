import { soon, type Clock } from "../clock";
import type { Random } from "../random";

/**
 * A moment at which a function waits, and others may run: before it begins,
 * before each of its calls, before and after its transaction's commit.
 */
export type Step = {
  at: "begin" | "call" | "before commit" | "after commit";
  /** "engine" is its own bookkeeping: a job's state, a cron's next time. */
  kind: "query" | "mutation" | "action" | "http" | "engine";
  path: string;
};

/** Looks at each step; "crash" ends the backend there as kill -9 would. */
export type StepHook = (step: Step) => "crash" | undefined;

/**
 * For tests: who goes on next, and where it all ends. Without a hook and an
 * order this does nothing and costs nothing.
 */
export class Steps {
  private readonly ready: (() => void)[] = [];
  private dead = false;

  /**
   * @param order picks the next of all that are ready; null leaves it to the process
   * @param onCrash what a crash does beside stopping every function where it is
   */
  constructor(
    private readonly hook: StepHook | null,
    private readonly order: Random | null,
    private readonly onCrash: () => void,
    clock: Clock,
  ) {
    if (order !== null) clock.holdWhile?.(() => this.ready.length > 0);
  }

  /** Waits for its turn, if there is anything to wait for. */
  take(
    at: Step["at"],
    { kind, path }: Pick<Step, "kind" | "path">,
  ): Promise<void> | undefined {
    if (this.hook === null && this.order === null) return undefined;
    if (this.dead) return never();
    if (this.hook?.({ at, kind, path }) === "crash") {
      this.dead = true;
      this.onCrash();
      return never();
    }
    return this.order === null ? undefined : this.turn();
  }

  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.ready.push(resolve);
      if (this.ready.length === 1) soon(() => this.release());
    });
    if (this.dead) await never();
  }

  /** Lets one of those go on, and looks again when it waits. */
  private release(): void {
    const { ready } = this;
    const index = (this.order as Random).next32() % ready.length;
    const [next] = ready.splice(index, 1);
    next?.();
    if (ready.length > 0) soon(() => this.release());
  }
}

/** What has crashed neither goes on nor fails. */
function never(): Promise<never> {
  return new Promise(() => {});
}
