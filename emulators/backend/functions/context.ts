import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "../auth/identity";
import type { Random } from "../random";
import type { DocumentStream } from "../transaction/stream";
import type { Scope } from "../transaction/transaction";
import type { Runtime } from "./runtime";

/** What is known of the request that a function runs for. */
export type RequestInfo = {
  requestId: string;
  ip: string | null;
  userAgent: string | null;
  /** The raw token, or null. */
  token: string | null;
  scheduledFunctionId: string | null;
};

/** What one execution of a function leaves behind besides its result. */
export type Trace = {
  /** Whether it asked who is calling: then its result is for that caller only. */
  usedIdentity: boolean;
  /** Where a paginated query's page ended. */
  journal: string | null;
};

type Common = {
  runtime: Runtime;
  /** Whose function it is: "" for the app's own. */
  component: string;
  path: string;
  identity: Identity | null;
  request: RequestInfo;
  trace: Trace;
};

export type TransactionContext = Common & {
  kind: "query" | "mutation";
  scope: Scope;
  now: number;
  random: Random;
  streams: Map<number, DocumentStream>;
  paginated: boolean;
  /** The journal of an earlier run of the same subscription. */
  journal: string | null;
};

export type ActionContext = Common & {
  kind: "action" | "http";
  random: Random | null;
};

/** Which function is running, for everything that is global to it. */
export type FunctionContext = TransactionContext | ActionContext;

const storage = new AsyncLocalStorage<FunctionContext>();

export function currentContext(): FunctionContext | undefined {
  return storage.getStore();
}

export function runIn<T>(context: FunctionContext, work: () => T): T {
  return storage.run(context, work);
}

/** Runs engine work started by a function, but not on its behalf. */
export function outsideFunctions<T>(work: () => T): T {
  return storage.exit(work);
}

export function isTransaction(
  context: FunctionContext,
): context is TransactionContext {
  return context.kind === "query" || context.kind === "mutation";
}
