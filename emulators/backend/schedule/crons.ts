import { messageOf } from "../errors";
import { outsideFunctions } from "../functions/context";
import { FunctionError } from "../functions/failure";
import type { CronJobs } from "../functions/load";
import { ownRequest } from "../functions/request";
import type { Call, Runtime } from "../functions/runtime";
import type { TableInfo } from "../store/catalog";
import {
  deleteDocument,
  getDocument,
  insertDocument,
  patchDocument,
} from "../transaction/documents";
import type { Scope } from "../transaction/transaction";
import type { Json, JsonObject } from "../values/json";
import { MAX } from "../values/keys";
import { firstTime, nextTime, type CronSchedule } from "./cron-schedule";

const TABLE = "_cron_jobs";

/** A document of `_cron_jobs`: when a cron runs next. Written by this file only. */
type CronDocument = JsonObject & {
  _id: string;
  name: string;
  /** Path, arguments and schedule, to notice when crons.ts changes them. */
  spec: string;
  nextTime: number;
};

type Cron = {
  name: string;
  id: string;
  schedule: CronSchedule;
  call: Call;
  nextTime: number;
};

/**
 * The jobs of crons.ts. Each is one loop: wait, run, note the next time. So a
 * job never overlaps itself; times that pass while it runs, or while the
 * backend is down, are skipped but for one run.
 */
export class CronRunner {
  private readonly crons: Cron[] = [];
  private readonly cancels = new Map<string, () => void>();
  private stopped = true;

  constructor(
    private readonly runtime: Runtime,
    private readonly declared: CronJobs | null,
    private readonly log: (line: string) => void,
  ) {}

  /** Also called again after a reset, which has removed what was stored. */
  async start(): Promise<void> {
    this.stop();
    this.stopped = false;
    const specs = this.read();
    await this.runtime.transact((scope) => this.reconcile(scope, specs));
    for (const cron of this.crons) this.arm(cron);
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.cancels.values()) cancel();
  }

  /** Every declared cron, checked: a bad one is a start-up error. */
  private read(): Omit<Cron, "id" | "nextTime">[] {
    return Object.entries(this.declared?.crons ?? {}).map(([name, cron]) => {
      const schedule = cron.schedule as CronSchedule;
      const fn = this.runtime.registry.get(cron.name);
      if (fn.kind === "query") {
        throw new Error(`Cron "${name}": ${fn.path} is a query.`);
      }
      const args = cron.args[0] as Json;
      this.runtime.checkArguments(fn, args);
      firstTime(name, schedule, this.runtime.clock.now());
      const call = { fn, args, identity: null, request: ownRequest() };
      return { name, schedule, call };
    });
  }

  private reconcile(
    scope: Scope,
    declared: Omit<Cron, "id" | "nextTime">[],
  ): void {
    this.crons.length = 0;
    const stored = this.stored(scope);
    for (const cron of declared) {
      const { name, schedule, call } = cron;
      const spec = JSON.stringify([call.fn.path, call.args, schedule]);
      let kept = stored.get(name);
      stored.delete(name);
      if (kept !== undefined && kept.spec !== spec) {
        deleteDocument(scope, this.table, kept._id);
        kept = undefined;
      }
      const time =
        kept?.nextTime ?? firstTime(name, schedule, this.runtime.clock.now());
      const id =
        kept?._id ??
        insertDocument(this.runtime.engine, scope, this.table, {
          name,
          spec,
          nextTime: time,
        });
      this.crons.push({ ...cron, id, nextTime: time });
    }
    for (const gone of stored.values()) {
      deleteDocument(scope, this.table, gone._id);
    }
  }

  private stored(scope: Scope): Map<string, CronDocument> {
    const index = this.table.indexes.get("by_name");
    if (index === undefined) throw new Error(`${TABLE} has lost its index.`);
    const { rows } = scope.view.batch(index, "", MAX, "asc", 10_000);
    const documents = rows.map((row) => row.document.json as CronDocument);
    return new Map(documents.map((document) => [document.name, document]));
  }

  private get table(): TableInfo {
    return this.runtime.engine.catalog.createTable(TABLE);
  }

  private arm(cron: Cron): void {
    if (this.stopped || !this.crons.includes(cron)) return;
    const { clock } = this.runtime;
    this.cancels.set(
      cron.name,
      outsideFunctions(() =>
        clock.after(Math.max(0, cron.nextTime - clock.now()), () =>
          this.tick(cron),
        ),
      ),
    );
  }

  private tick(cron: Cron): void {
    // A timer may be shorter than the wait (see clock.ts).
    if (this.runtime.clock.now() < cron.nextTime) return this.arm(cron);
    this.run(cron)
      .catch((error: unknown) => {
        this.log(`cron "${cron.name}" could not be kept: ${messageOf(error)}`);
      })
      .finally(() => this.arm(cron));
  }

  private async run(cron: Cron): Promise<void> {
    const { runtime } = this;
    const call = { ...cron.call, request: ownRequest() };
    try {
      if (call.fn.kind === "mutation") {
        // Its effect and the next time commit together: once per time.
        const work = async (scope: Scope) => {
          const context = runtime.transactionContext(call, scope, "mutation");
          await runtime.invoke(context, call);
          this.advance(scope, cron);
        };
        const options = { retries: Infinity, path: call.fn.path };
        await runtime.transact(work, options);
        return;
      }
      // Noted before it begins, so that a crash does not run it again.
      await runtime.transact((scope) => this.advance(scope, cron));
      await runtime.action(call);
    } catch (thrown) {
      const error = FunctionError.from(thrown, call);
      this.log(`cron "${cron.name}" failed: ${error.report}`);
    }
    // After a failure, or when times have passed meanwhile: those are skipped.
    if (cron.nextTime <= runtime.clock.now()) {
      await runtime.transact((scope) => this.advance(scope, cron));
    }
  }

  private advance(scope: Scope, cron: Cron): void {
    const { runtime } = this;
    if (getDocument(scope, this.table, cron.id) === null) return;
    const now = runtime.clock.now();
    const next = nextTime(cron.name, cron.schedule, cron.nextTime, now);
    patchDocument(runtime.engine, scope, this.table, cron.id, {
      nextTime: next,
    });
    scope.transaction.afterCommit.push(() => (cron.nextTime = next));
  }
}
