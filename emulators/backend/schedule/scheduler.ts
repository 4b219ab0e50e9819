import { soon } from "../clock";
import { messageOf } from "../errors";
import { outsideFunctions } from "../functions/context";
import { FunctionError } from "../functions/failure";
import { ownRequest } from "../functions/request";
import type { Call, Runtime } from "../functions/runtime";
import { encodeKey, MAX } from "../values/keys";
import type { Scope } from "../transaction/transaction";
import type { IndexInfo } from "../store/catalog";
import {
  forgetJob,
  JOBS,
  readJob,
  setJobState,
  tableOfJob,
  type Job,
} from "./jobs";

/** Finished jobs can be read for this long. */
const KEEP_FINISHED_MS = 7 * 24 * 60 * 60 * 1000;
const FORGET_EVERY_MS = 60 * 60 * 1000;
const FORGET_AT_ONCE = 500;

const REST_MS = 1_000;

const INTERRUPTED =
  "The backend stopped while this action was running. It is not run again.";

/**
 * Runs what `ctx.scheduler` has put into `_scheduled_functions`, when due.
 *
 * A mutation and its job's state commit together: it takes effect exactly
 * once. An action is marked in progress before it begins, and whatever is
 * found so marked at the next start has failed: it ran at most once.
 */
export class Scheduler {
  private readonly running = new Map<string, Promise<void>>();
  /** The most that have ever run at once. */
  peak = 0;
  private cancelTimer = () => {};
  private cancelForget = () => {};
  private stopped = true;
  private waking = false;

  constructor(
    private readonly runtime: Runtime,
    /** How many jobs run at once. */
    private readonly slots: number,
    private readonly log: (line: string) => void,
  ) {
    runtime.engine.onCommit(({ changes }) => {
      if (changes.some((change) => change.table === JOBS)) this.wake();
    });
  }

  async start(): Promise<void> {
    this.stopped = false;
    await this.failInterrupted();
    this.forget();
    this.wake();
  }

  /** Begins no more jobs. Those that run are left to themselves. */
  stop(): void {
    this.stopped = true;
    this.cancelTimer();
    this.cancelForget();
  }

  /** Runs until nothing is due and nothing runs. For tests. */
  async settle(): Promise<void> {
    while (this.running.size > 0 || this.due(1).length > 0) {
      this.begin();
      await Promise.all(this.running.values());
    }
  }

  /** Looks for the next job soon, once for all that happens at this moment. */
  private wake(): void {
    if (this.waking) return;
    this.waking = true;
    outsideFunctions(() =>
      soon(() => {
        this.waking = false;
        this.arm();
      }),
    );
  }

  private arm(): void {
    if (this.stopped) return;
    this.cancelTimer();
    const next = this.nextTime();
    if (next === null || this.running.size >= this.slots) return;
    const { clock } = this.runtime;
    const wait = next - clock.now();
    if (wait <= 0) this.begin();
    else this.cancelTimer = clock.after(wait, () => this.begin());
  }

  private begin(): void {
    for (const job of this.due(this.slots - this.running.size)) {
      this.running.set(
        job._id,
        this.run(job)
          .catch((error: unknown) => this.rest(job, error))
          .finally(() => {
            this.running.delete(job._id);
            this.wake();
          }),
      );
    }
    this.peak = Math.max(this.peak, this.running.size);
    this.wake();
  }

  /** The database would not take a job's state: it is tried again, but not at once. */
  private rest(job: Job, error: unknown): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.log(`scheduled ${job.name} could not be kept: ${messageOf(error)}`);
    const { clock } = this.runtime;
    return new Promise((resolve) => clock.after(REST_MS, resolve));
  }

  private async run(job: Job): Promise<void> {
    const call: Call | Error = this.callOf(job);
    if (call instanceof Error) {
      await this.finish(job, { kind: "failed", error: call.message });
      return;
    }
    try {
      if (call.fn.kind === "mutation") await this.runMutation(job, call);
      else await this.runAction(job, call);
    } catch (thrown) {
      const error = FunctionError.from(thrown, call);
      this.log(`scheduled ${job.name} failed: ${error.report}`);
      await this.finish(job, { kind: "failed", error: error.message });
    }
  }

  private async runMutation(job: Job, call: Call): Promise<void> {
    const { runtime } = this;
    const work = async (scope: Scope) => {
      if (readJob(runtime, scope, job._id)?.state.kind !== "pending") return;
      setJobState(runtime, scope, job._id, { kind: "inProgress" });
      const context = runtime.transactionContext(call, scope, "mutation");
      await runtime.invoke(context, call);
      setJobState(runtime, scope, job._id, { kind: "success" });
    };
    // A conflict is retried for ever: nobody else would.
    const options = { retries: Infinity, path: call.fn.path };
    await runtime.running.mutations.run(() => runtime.transact(work, options));
  }

  private async runAction(job: Job, call: Call): Promise<void> {
    const { runtime } = this;
    const { result: mine } = await runtime.transact((scope) => {
      if (readJob(runtime, scope, job._id)?.state.kind !== "pending")
        return false;
      setJobState(runtime, scope, job._id, { kind: "inProgress" });
      return true;
    });
    if (!mine) return;
    await runtime.action(call);
    await this.finish(job, { kind: "success" });
  }

  /** Unless it has been cancelled meanwhile: that stays. */
  private async finish(job: Job, state: Job["state"]): Promise<void> {
    const { runtime } = this;
    await runtime.transact((scope) => {
      const now = readJob(runtime, scope, job._id)?.state.kind;
      if (now === "pending" || now === "inProgress") {
        setJobState(runtime, scope, job._id, state);
      }
    });
  }

  private callOf(job: Job): Call | Error {
    try {
      return {
        fn: this.runtime.registry.get(job.name, "any", this.ownerOf(job)),
        args: job.args[0],
        // Nobody: identity does not reach scheduled functions.
        identity: null,
        request: { ...ownRequest(), scheduledFunctionId: job._id },
      };
    } catch (error) {
      return error as Error;
    }
  }

  private ownerOf(job: Job): string {
    const table = tableOfJob(this.runtime, job._id);
    return job.component ?? table?.component ?? "";
  }

  private async failInterrupted(): Promise<void> {
    for (const job of this.inState("inProgress", Infinity, Infinity)) {
      this.log(`scheduled ${job.name} was interrupted`);
      await this.finish(job, { kind: "failed", error: INTERRUPTED });
    }
  }

  private due(count: number): Job[] {
    const now = this.runtime.clock.now();
    return this.inState("pending", now, count + this.running.size)
      .filter((job) => !this.running.has(job._id))
      .slice(0, Math.max(0, count));
  }

  private nextTime(): number | null {
    const idle = this.inState("pending", Infinity, this.running.size + 1).find(
      (job) => !this.running.has(job._id),
    );
    return idle?.scheduledTime ?? null;
  }

  /** Jobs in a state that are scheduled up to a time, the earliest first. */
  private inState(state: string, until: number, count: number): Job[] {
    const end = until === Infinity ? "" : encodeKey([until]);
    const key = encodeKey([state]);
    const jobs = this.scan("by_state", key, key + end + MAX, count);
    return jobs.sort((a, b) => a.scheduledTime - b.scheduledTime);
  }

  /** Up to `count` jobs of each component. */
  private scan(index: string, lo: string, hi: string, count: number): Job[] {
    const { store, catalog, schemas } = this.runtime.engine;
    const limit = count === Infinity ? -1 : count;
    return [...schemas.keys()].flatMap((component) => {
      const { indexes } = catalog.createTable(JOBS, component);
      const { number } = indexes.get(index) as IndexInfo;
      const rows = store.scan(number, lo, hi, "asc", limit);
      return rows.map((row) => row.document.json as unknown as Job);
    });
  }

  private forget(): void {
    const { clock } = this.runtime;
    this.runtime.engine.forgetRequestsBefore(clock.now() - KEEP_FINISHED_MS);
    const old = clock.now() - KEEP_FINISHED_MS;
    const [lo, hi] = [encodeKey([0]), encodeKey([old])];
    const jobs = this.scan("by_completed", lo, hi, FORGET_AT_ONCE);
    if (jobs.length > 0) {
      void this.runtime.transact((scope) => {
        for (const job of jobs) forgetJob(this.runtime, scope, job._id);
      });
    }
    this.cancelForget = clock.after(FORGET_EVERY_MS, () => this.forget());
  }
}
