import type { Identity } from "../auth/identity";
import type { Commit } from "../engine";
import { newRequestId } from "../functions/request";
import type { ResolvedFunction } from "../functions/registry";
import type { QueryRun, Runtime } from "../functions/runtime";
import type { Interval } from "../store/read-set";
import type { Transaction } from "../transaction/transaction";
import type { Json } from "../values/json";

/** A query somebody watches. */
export type Watched = {
  fn: ResolvedFunction;
  args: Json;
  journal: string | null;
  identity: Identity | null;
};

/**
 * The result of a watched query. Once stale it is to be asked for again:
 * something it has read has changed, or nobody has been looking.
 */
export class CachedQuery {
  stale = false;
  readonly watchers = new Set<() => void>();

  constructor(
    readonly key: string,
    readonly run: QueryRun,
  ) {}
}

/**
 * Results of the queries that are being watched. Equal queries share one run,
 * for all clients; a query that asks who is calling is shared among the
 * connections of one caller. A commit makes stale only what has read a range
 * it has written to, and tells whoever watches that.
 */
export class QueryCache {
  /** How many times a query has been run for a watcher. */
  runs = 0;
  private readonly results = new Map<string, CachedQuery>();
  private readonly running = new Map<string, Promise<CachedQuery>>();
  /** Paths of queries that asked who is calling when they last ran. */
  private readonly personal = new Set<string>();
  private readonly ranges = new Map<number, Map<Interval, CachedQuery>>();

  constructor(private readonly runtime: Runtime) {
    runtime.engine.onCommit((commit) => this.invalidate(commit));
  }

  /** The query's result at the transaction's snapshot. */
  async get(watched: Watched, at: Transaction): Promise<CachedQuery> {
    const { anonymous, own } = keysOf(watched);
    for (const key of [anonymous, own]) {
      const known = this.results.get(key);
      if (known !== undefined && known.run.ts <= at.snapshot.ts) return known;
    }
    const key = this.personal.has(watched.fn.path) ? own : anonymous;
    const turn = `${key} ${at.snapshot.ts}`;
    let running = this.running.get(turn);
    if (running === undefined) {
      running = this.compute(watched, at).finally(() =>
        this.running.delete(turn),
      );
      this.running.set(turn, running);
    }
    const result = await running;
    const mine = result.key === anonymous || result.key === own;
    return mine ? result : this.get(watched, at);
  }

  watch(cached: CachedQuery, changed: () => void): void {
    cached.watchers.add(changed);
  }

  unwatch(cached: CachedQuery, changed: () => void): void {
    cached.watchers.delete(changed);
    if (cached.watchers.size === 0) this.drop(cached);
  }

  private async compute(
    watched: Watched,
    at: Transaction,
  ): Promise<CachedQuery> {
    this.runs += 1;
    const transaction = this.runtime.engine.beginAt(at);
    try {
      const request = {
        requestId: newRequestId(),
        ip: null,
        userAgent: null,
        token: null,
        scheduledFunctionId: null,
      };
      const { fn, args, identity, journal } = watched;
      const call = { fn, args, identity, request };
      const run = await this.runtime.query(call, transaction, journal);
      const { anonymous, own } = keysOf(watched);
      const { usedIdentity } = run.trace;
      if (usedIdentity) this.personal.add(fn.path);
      else this.personal.delete(fn.path);
      const cached = new CachedQuery(usedIdentity ? own : anonymous, run);
      // A commit may have come while it ran: true of its snapshot, but old.
      if (run.readSet.touchedBy(transaction.snapshot.replaced)) {
        cached.stale = true;
      } else {
        this.add(cached);
      }
      return cached;
    } finally {
      this.runtime.engine.end(transaction);
    }
  }

  private add(cached: CachedQuery): void {
    this.results.set(cached.key, cached);
    for (const interval of cached.run.readSet.intervals) {
      let ofIndex = this.ranges.get(interval.index);
      if (ofIndex === undefined) {
        ofIndex = new Map();
        this.ranges.set(interval.index, ofIndex);
      }
      ofIndex.set(interval, cached);
    }
  }

  /** From here on nothing is told of it: whoever still holds it must ask again. */
  private drop(cached: CachedQuery): void {
    cached.stale = true;
    if (this.results.get(cached.key) === cached) {
      this.results.delete(cached.key);
    }
    for (const interval of cached.run.readSet.intervals) {
      this.ranges.get(interval.index)?.delete(interval);
    }
  }

  private invalidate({ changes }: Commit): void {
    const touched = new Set<CachedQuery>();
    for (const { entries } of changes) {
      for (const { index, before, after } of entries) {
        for (const [{ lo, hi }, cached] of this.ranges.get(index) ?? []) {
          if (within(before, lo, hi) || within(after, lo, hi)) {
            touched.add(cached);
          }
        }
      }
    }
    for (const cached of touched) {
      this.drop(cached);
      for (const changed of cached.watchers) changed();
    }
  }
}

function within(key: string | null, lo: string, hi: string): boolean {
  return key !== null && key >= lo && key < hi;
}

function keysOf({ fn, args, journal, identity }: Watched) {
  const anonymous = JSON.stringify([fn.path, args, journal]);
  const who = identity?.attributes ?? null;
  return { anonymous, own: `${anonymous}${JSON.stringify(who)}` };
}
