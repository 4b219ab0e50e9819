import type { Identity } from "../auth/identity";
import { soon, type Clock } from "../clock";
import { conflict, type Engine, type RequestKey } from "../engine";
import { EngineError } from "../errors";
import { CONFLICT_RETRIES, LIMITS } from "../limits";
import type { Files } from "../files/files";
import type { Scope, Transaction } from "../transaction/transaction";
import type { ReadSet } from "../store/read-set";
import type { Json } from "../values/json";
import { measure } from "../values/measure";
import { mismatch } from "../values/validator";
import { Backoff } from "./backoff";
import {
  currentContext,
  isTransaction,
  runIn,
  type FunctionContext,
  type RequestInfo,
  type Trace,
  type TransactionContext,
} from "./context";
import { FunctionError, ValidationError } from "./failure";
import type { Registry, ResolvedFunction } from "./registry";
import { Slots } from "./slots";
import type { Step, Steps } from "./steps";
import { Turns } from "./turns";
import { within } from "./within";

/** One call of one function: by whom, with what. */
export type Call = {
  fn: ResolvedFunction;
  args: Json;
  identity: Identity | null;
  request: RequestInfo;
};

/** What a query came to, and what it depends on. */
export type QueryRun = {
  outcome: { ok: true; json: string } | { ok: false; error: FunctionError };
  readSet: ReadSet;
  trace: Trace;
  ts: number;
};

export type RuntimeOptions = {
  /** See BackendOptions. */
  concurrency: "serial" | "optimistic" | "retrying";
  /** How many run at once, each of its kind. */
  capacity: { queries: number; mutations: number; actions: number };
  steps: Steps;
  /** Whether functions in actions draw from the seed too. */
  seeded: boolean;
};

type Transact = {
  /** How often it is tried again after a conflict. */
  retries: number;
  /** Applied at most once under this key. */
  once?: RequestKey | undefined;
  /** The function it is for; the engine's own work has none. */
  path?: string;
};

/** Runs functions: queries on snapshots, mutations in transactions, actions freely. */
export class Runtime {
  /** What runs now, by kind. Nested calls are part of their caller. */
  readonly running: Record<"queries" | "mutations" | "actions", Slots>;
  private readonly turns = new Turns();
  private readonly backoff: Backoff;

  constructor(
    readonly engine: Engine,
    readonly registry: Registry,
    readonly files: Files,
    private readonly options: RuntimeOptions,
  ) {
    this.backoff = new Backoff(engine.clock, () => engine.random());
    const { queries, mutations, actions } = options.capacity;
    this.running = {
      queries: new Slots(queries),
      mutations: new Slots(mutations),
      actions: new Slots(actions),
    };
  }

  /**
   * Before each call of a function. With optimistic mutations others then get
   * their turn, as they would in the cloud; else they could not conflict in
   * one process. Undefined when there is nothing to wait for, which is most of
   * the time.
   */
  pause(context: FunctionContext): Promise<void> | undefined {
    const turn = this.options.steps.take("call", context);
    if (this.options.concurrency === "serial" || !isTransaction(context)) {
      return turn;
    }
    const others = () => new Promise<void>((resolve) => soon(resolve));
    return turn === undefined ? others() : turn.then(others);
  }

  get clock(): Clock {
    return this.engine.clock;
  }

  /** Runs a query in a transaction that the caller began and will end. */
  async query(
    call: Call,
    transaction: Transaction,
    journal: string | null = null,
  ): Promise<QueryRun> {
    const context = this.transactionContext(call, transaction.root, "query");
    context.journal = journal;
    const { readSet, snapshot } = transaction;
    const { trace } = context;
    try {
      const json = await this.running.queries.run(async () => {
        await this.options.steps.take("begin", context);
        return this.timed(call, () => this.invoke(context, call));
      });
      return { outcome: { ok: true, json }, readSet, trace, ts: snapshot.ts };
    } catch (thrown) {
      const error = FunctionError.from(thrown, call);
      return { outcome: { ok: false, error }, readSet, trace, ts: snapshot.ts };
    }
  }

  /** Runs a query by itself, now. @throws FunctionError */
  async queryOnce(call: Call): Promise<string> {
    const transaction = this.engine.begin(false);
    try {
      const { outcome } = await this.query(call, transaction);
      if (!outcome.ok) throw outcome.error;
      return outcome.json;
    } finally {
      this.engine.end(transaction);
    }
  }

  /**
   * Runs a mutation to its durable commit.
   *
   * @param once applied at most once under this key
   * @throws FunctionError
   */
  async mutation(
    call: Call,
    once?: RequestKey,
  ): Promise<{ json: string; ts: number }> {
    try {
      const done = await this.running.mutations.run(() =>
        this.transact(
          (scope) => {
            const context = this.transactionContext(call, scope, "mutation");
            return this.timed(call, () => this.invoke(context, call));
          },
          { retries: CONFLICT_RETRIES, once, path: call.fn.path },
        ),
      );
      return { json: done.result, ts: done.ts };
    } catch (thrown) {
      throw FunctionError.from(thrown, call);
    }
  }

  /** Runs an action. @throws FunctionError */
  async action(call: Call): Promise<string> {
    const context: FunctionContext = {
      ...this.common(call),
      kind: "action",
      random: this.options.seeded ? this.engine.random() : null,
    };
    try {
      return await this.asAction(async () => {
        await this.options.steps.take("begin", context);
        return within(
          this.clock,
          LIMITS.actionMs,
          `Action ${call.fn.path} ran longer than ${LIMITS.actionMs / 1000} s.`,
          () => this.invoke(context, call),
        );
      });
    } catch (thrown) {
      throw FunctionError.from(thrown, call);
    }
  }

  /** One that another action calls is part of that, or both would wait for ever. */
  asAction<T>(work: () => Promise<T>): Promise<T> {
    const caller = currentContext()?.kind;
    return caller === "action" || caller === "http"
      ? work()
      : this.running.actions.run(work);
  }

  /**
   * Runs `work` in a transaction of its own and commits it. `work` may run
   * more than once: nothing it does outside the transaction may matter.
   */
  async transact<T>(
    work: (scope: Scope) => T | Promise<T>,
    options: Transact = { retries: Infinity },
  ): Promise<{ result: T; ts: number }> {
    const { concurrency, steps } = this.options;
    const about = { kind: kindOf(options), path: options.path ?? "" };
    await steps.take("begin", about);
    for (let attempt = 0; ; attempt++) {
      // The first attempt is in vain, as if somebody had been faster.
      const vain = concurrency === "retrying" && attempt === 0;
      const once = () => this.attempt(work, options.once, vain, about);
      try {
        return await (concurrency === "serial" ? this.turns.run(once) : once());
      } catch (error) {
        const again = error instanceof EngineError && error.code === "conflict";
        if (!again || attempt >= options.retries) throw error;
        // Nobody was faster than an attempt in vain: there is no way to clear.
        if (!vain) await this.backoff.wait(attempt);
      }
    }
  }

  private async attempt<T>(
    work: (scope: Scope) => T | Promise<T>,
    once: RequestKey | undefined,
    vain: boolean,
    about: Pick<Step, "kind" | "path">,
  ): Promise<{ result: T; ts: number }> {
    const transaction = this.engine.begin(true);
    const { steps } = this.options;
    try {
      const result = await work(transaction.root);
      const kept = typeof result === "string" ? result : undefined;
      await steps.take("before commit", about);
      if (vain) throw conflict();
      const ts = this.engine.commit(transaction, once, kept);
      await steps.take("after commit", about);
      return { result, ts };
    } finally {
      this.engine.end(transaction);
    }
  }

  /** Runs one function inside the transaction of another, all or nothing. */
  async nested(
    parent: TransactionContext,
    fn: ResolvedFunction,
    args: Json,
  ): Promise<string> {
    return parent.scope.nested((scope) => {
      return this.asPartOf(parent, callFrom(parent, fn, args), scope);
    });
  }

  /** A query on what was committed before the caller's mutation began. */
  async nestedOnSnapshot(
    parent: TransactionContext,
    fn: ResolvedFunction,
    args: Json,
  ): Promise<string> {
    const transaction = this.engine.beginAt(parent.scope.transaction);
    try {
      const call = callFrom(parent, fn, args);
      return await this.asPartOf(parent, call, transaction.root);
    } finally {
      this.engine.end(transaction);
    }
  }

  private async asPartOf(
    parent: TransactionContext,
    call: Call,
    scope: Scope,
  ): Promise<string> {
    const kind = call.fn.kind === "mutation" ? "mutation" : "query";
    const context = this.transactionContext(call, scope, kind);
    try {
      return await this.invoke(context, call);
    } finally {
      parent.trace.usedIdentity ||= context.trace.usedIdentity;
    }
  }

  /** The context of a function that runs in a transaction. */
  transactionContext(
    call: Call,
    scope: Scope,
    kind: "query" | "mutation",
  ): TransactionContext {
    return {
      ...this.common(call),
      kind,
      scope,
      now: scope.transaction.now,
      get random() {
        return scope.transaction.random;
      },
      streams: new Map(),
      paginated: false,
      journal: null,
    };
  }

  private common(call: Call) {
    return {
      runtime: this,
      component: call.fn.component,
      path: call.fn.path,
      identity: call.identity,
      request: call.request,
      trace: { usedIdentity: false, journal: null } as Trace,
    };
  }

  async invoke(context: FunctionContext, call: Call): Promise<string> {
    const { fn, args } = call;
    this.checkArguments(fn, args);
    const { implementation } = fn;
    const text = JSON.stringify([args]);
    const json = await runIn(context, async () => {
      if (fn.kind === "query") return implementation.invokeQuery?.(text);
      if (fn.kind === "mutation") return implementation.invokeMutation?.(text);
      return implementation.invokeAction?.(context.request.requestId, text);
    });
    if (json === undefined) throw new Error(`${fn.path} cannot be invoked.`);
    this.checkResult(fn, json);
    return json;
  }

  checkArguments(fn: ResolvedFunction, args: Json): void {
    const bytes = measure(args, "The arguments object");
    if (bytes > LIMITS.argumentBytes) {
      throw new ValidationError(
        "ArgumentValidationError",
        `Arguments for ${fn.path} are too large (${bytes} bytes, maximum ` +
          `${LIMITS.argumentBytes}).`,
      );
    }
    const problem = mismatch(
      fn.args,
      args,
      this.engine.tableNames(fn.component),
    );
    if (problem !== null) {
      throw new ValidationError("ArgumentValidationError", problem);
    }
  }

  private checkResult(fn: ResolvedFunction, json: string): void {
    if (json.length > LIMITS.returnBytes) {
      throw new Error(
        `The result of ${fn.path} is too large (maximum ` +
          `${LIMITS.returnBytes} bytes).`,
      );
    }
    if (fn.returns === null) return;
    const value = JSON.parse(json) as Json;
    const problem = mismatch(
      fn.returns,
      value,
      this.engine.tableNames(fn.component),
    );
    if (problem !== null) {
      throw new ValidationError("ReturnsValidationError", problem);
    }
  }

  /** A query or mutation that waits for something that never comes must not hold the rest up. */
  private timed<T>(call: Call, work: () => Promise<T>): Promise<T> {
    return within(
      this.clock,
      LIMITS.transactionMs,
      `Function ${call.fn.path} did not finish within ` +
        `${LIMITS.transactionMs / 1000} s. Queries and mutations must not wait ` +
        `for anything but the database.`,
      work,
    );
  }
}

/** A call by a running function. Who asks is not told to another component. */
export function callFrom(
  parent: FunctionContext,
  fn: ResolvedFunction,
  args: Json,
): Call {
  const same = fn.component === parent.component;
  const identity = same ? parent.identity : null;
  return { fn, args, identity, request: parent.request };
}

function kindOf({ path }: Transact): Step["kind"] {
  return path === undefined ? "engine" : "mutation";
}
