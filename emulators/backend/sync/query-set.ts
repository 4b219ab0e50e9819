import type { Identity } from "../auth/identity";
import { soon } from "../clock";
import { outsideFunctions } from "../functions/context";
import type { FunctionError } from "../functions/failure";
import type { Json } from "../values/json";
import type { Transaction } from "../transaction/transaction";
import {
  encodeVersion,
  type AddQuery,
  type ClientMessage,
  type StateVersion,
} from "./protocol";
import type { CachedQuery } from "./query-cache";
import { argument, resolve, toFailure } from "./calls";
import type { SyncServices } from "./session";

type Modification = Extract<
  ClientMessage,
  { type: "ModifyQuerySet" }
>["modifications"][number];

type Subscription = {
  query: AddQuery;
  journal: string | null;
  current: CachedQuery | null;
  /** What the client was last told, to tell it only what differs. */
  told: string | null;
};

type Owner = {
  send(text: string): void;
  identity(): Identity | null;
  /** Whether the identity has run out (and the client has been told so). */
  expired(identity: Identity | null): boolean;
  failed(error: unknown): void;
};

/**
 * The queries of one session. Every Transition takes all of them from one
 * moment to a later one: what a client shows is always one snapshot.
 */
export class QuerySet {
  querySetVersion = 0;
  identityVersion = 0;
  private readonly subscriptions = new Map<number, Subscription>();
  private removed: number[] = [];
  private sent: StateVersion = { querySet: 0, ts: 0, identity: 0 };
  /** A mutation's commit the client must be told it has reached. */
  private toReach: number | null = null;
  private dirty = false;
  private updating = false;
  private closed = false;
  private clientTs: number | null = null;

  constructor(
    private readonly services: SyncServices,
    private readonly owner: Owner,
  ) {}

  clientClock(clientTs: number | null): void {
    const { clock } = this.services.runtime;
    this.clientTs = clientTs === null ? null : clientTs - clock.now();
  }

  modify(newVersion: number, modifications: readonly Modification[]): void {
    for (const modification of modifications) {
      if (modification.type === "Add") {
        this.subscriptions.set(modification.queryId, {
          query: modification,
          journal: modification.journal ?? null,
          current: null,
          told: null,
        });
      } else {
        const gone = this.subscriptions.get(modification.queryId);
        if (gone !== undefined) this.letGo(gone);
        this.subscriptions.delete(modification.queryId);
        this.removed.push(modification.queryId);
      }
    }
    this.querySetVersion = newVersion;
    this.changed();
  }

  /** Unless it is the same user, every query may now have another answer. */
  identityChanged(version: number, sameUser: boolean): void {
    this.identityVersion = version;
    if (sameUser) return this.changed();
    for (const subscription of this.subscriptions.values()) {
      this.letGo(subscription);
    }
    this.changed();
  }

  /** Sends a Transition to `ts` or later, even if it changes nothing else. */
  reach(ts: number): void {
    this.toReach = Math.max(this.toReach ?? 0, ts);
    this.dirty = true;
    if (this.updating || this.closed) return;
    // At once: the client's promise waits for it, and its queries, untouched
    // by the commit, have nothing to wait for.
    this.updating = true;
    outsideFunctions(() => void this.update());
  }

  close(): void {
    this.closed = true;
    for (const subscription of this.subscriptions.values()) {
      this.letGo(subscription);
    }
  }

  private readonly changed = (): void => {
    this.dirty = true;
    if (this.updating || this.closed) return;
    this.updating = true;
    // Later, so that what arrives or commits together is one Transition.
    outsideFunctions(() => soon(() => void this.update()));
  };

  private async update(): Promise<void> {
    try {
      while (this.dirty && !this.closed) {
        this.dirty = false;
        await this.transition();
      }
    } catch (error) {
      this.owner.failed(error);
    } finally {
      this.updating = false;
    }
  }

  private async transition(): Promise<void> {
    const identity = this.owner.identity();
    if (this.owner.expired(identity)) return;
    const { engine } = this.services.runtime;
    const snapshot = engine.begin(false);
    const end = {
      querySet: this.querySetVersion,
      ts: engine.ts,
      identity: this.identityVersion,
    };
    const reached = this.toReach;
    const modifications = this.removed.map(
      (queryId) => `{"type":"QueryRemoved","queryId":${queryId}}`,
    );
    this.removed = [];
    try {
      const outdated = [...this.subscriptions.values()].filter(
        ({ current }) => current === null || current.stale,
      );
      const told = await Promise.all(
        outdated.map((one) => this.refresh(one, identity, snapshot)),
      );
      modifications.push(...told.filter((text) => text !== null));
    } finally {
      engine.end(snapshot);
    }
    if (this.closed) return;
    const { sent } = this;
    const advanced =
      end.querySet !== sent.querySet || end.identity !== sent.identity;
    if (modifications.length > 0 || advanced || reached !== null) {
      this.send(end, modifications);
      if (this.toReach === reached) this.toReach = null;
      else this.dirty = true;
    }
  }

  private send(end: StateVersion, modifications: string[]): void {
    const skew =
      this.clientTs === null ? "" : `,"clientClockSkew":${this.clientTs}`;
    this.owner.send(
      `{"type":"Transition","startVersion":${encodeVersion(this.sent)},` +
        `"endVersion":${encodeVersion(end)},` +
        `"modifications":[${modifications.join()}]${skew}}`,
    );
    this.sent = end;
  }

  /** Brings a subscription to the snapshot; returns what to tell, if anything. */
  private async refresh(
    subscription: Subscription,
    identity: Identity | null,
    at: Transaction,
  ): Promise<string | null> {
    const { query } = subscription;
    const { cache, runtime, log } = this.services;
    const { identityVersion } = this;
    let fn;
    try {
      fn = resolve({ runtime }, query.udfPath, "query", identity);
    } catch (error) {
      return this.failure(subscription, toFailure(error, log));
    }
    const cached = await cache.get(
      {
        fn,
        args: argument(query.args),
        journal: subscription.journal,
        identity,
      },
      at,
    );
    if (!this.keep(subscription, cached, identityVersion)) return null;
    const { outcome, trace } = cached.run;
    subscription.journal = trace.journal;
    if (!outcome.ok) {
      return this.failure(subscription, this.report(outcome.error));
    }
    const text =
      `{"type":"QueryUpdated","queryId":${query.queryId},` +
      `"value":${outcome.json},"logLines":[],` +
      `"journal":${JSON.stringify(trace.journal)}}`;
    return this.once(subscription, text);
  }

  private report(error: FunctionError) {
    return toFailure(error, this.services.log);
  }

  private failure(
    subscription: Subscription,
    failure: { message: string; data?: Json },
  ): string | null {
    const text = JSON.stringify({
      type: "QueryFailed",
      queryId: subscription.query.queryId,
      errorMessage: failure.message,
      logLines: [],
      ...(failure.data === undefined ? {} : { errorData: failure.data }),
      journal: subscription.journal,
    });
    return this.once(subscription, text);
  }

  private once(subscription: Subscription, text: string): string | null {
    if (subscription.told === text) return null;
    subscription.told = text;
    return text;
  }

  /** Starts watching a result; false if nobody wants it any more. */
  private keep(
    subscription: Subscription,
    cached: CachedQuery,
    identityVersion: number,
  ): boolean {
    const { cache } = this.services;
    const { queryId } = subscription.query;
    cache.watch(cached, this.changed);
    const wanted =
      !this.closed && this.subscriptions.get(queryId) === subscription;
    if (!wanted) {
      cache.unwatch(cached, this.changed);
      return false;
    }
    if (identityVersion !== this.identityVersion) {
      // True of the Transition under way, but another caller's by the next.
      cache.unwatch(cached, this.changed);
      return true;
    }
    if (subscription.current !== null && subscription.current !== cached) {
      cache.unwatch(subscription.current, this.changed);
    }
    subscription.current = cached;
    if (cached.stale) this.dirty = true;
    return true;
  }

  private letGo(subscription: Subscription): void {
    if (subscription.current === null) return;
    this.services.cache.unwatch(subscription.current, this.changed);
    subscription.current = null;
  }
}
