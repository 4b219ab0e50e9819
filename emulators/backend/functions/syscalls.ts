import { unsupported } from "../errors";
import type { Json } from "../values/json";
import { currentContext, isTransaction, type FunctionContext } from "./context";
import { ACTION_CALLS } from "./syscalls-action";
import { COMMON_CALLS } from "./syscalls-common";
import { DATABASE_CALLS, DATABASE_SYNC_CALLS } from "./syscalls-database";
import { TRANSACTION_CALLS } from "./syscalls-transaction";

/** Arguments of a system call, parsed. */
export type Args = Record<string, Json>;

type Table<Context, Answer> = Record<
  string,
  (context: Context, args: Args) => Answer
>;

/** Answers with JSON text, now or later. */
export type Calls<Context> = Table<Context, string | Promise<string>>;
export type SyncCalls<Context> = Table<Context, string>;

/** The door through which functions reach the backend: `globalThis.Convex`. */
type Door = {
  syscall(op: string, args: string): string;
  asyncSyscall(op: string, args: string): Promise<string>;
  jsSyscall(op: string, args: Record<string, unknown>): unknown;
};

const door: Door = {
  syscall(op, json) {
    const context = running(op);
    const args = JSON.parse(json) as Args;
    if (isTransaction(context)) {
      context.scope.transaction.assertOpen();
      const call = DATABASE_SYNC_CALLS[op];
      if (call) return call(context, args);
    }
    throw unavailable(op, context);
  },

  async asyncSyscall(op, json) {
    const context = running(op);
    const pause = context.runtime.pause(context);
    if (pause !== undefined) await pause;
    return answer(op, context, JSON.parse(json) as Args);
  },

  async jsSyscall(op, args) {
    const context = running(op);
    appOnly(op, context);
    const { files } = context.runtime;
    if (op === "storage/storeBlob") {
      return files.store(context, args["blob"] as Blob, args["options"]);
    }
    if (op === "storage/getBlob") {
      return files.read(context, args["storageId"] as string);
    }
    throw unavailable(op, context);
  },
};

function answer(
  op: string,
  context: FunctionContext,
  args: Args,
): string | Promise<string> {
  if (isTransaction(context)) {
    context.scope.transaction.assertOpen();
    const call = DATABASE_CALLS[op] ?? TRANSACTION_CALLS[op];
    if (call) return call(context, args);
  } else {
    const call = ACTION_CALLS[op];
    if (call) return call(context, args);
  }
  appOnly(op, context);
  const call = COMMON_CALLS[op];
  if (call) return call(context, args);
  throw unavailable(op, context);
}

function running(op: string): FunctionContext {
  const context = currentContext();
  if (context === undefined) {
    throw new Error(
      `The Convex call ${op} was made outside of a function's execution.`,
    );
  }
  return context;
}

function appOnly(op: string, { component, path }: FunctionContext): void {
  if (component === "" || !/storage/i.test(op)) return;
  throw unsupported(
    `File storage in a component (${op}, used by ${component}/${path})`,
  );
}

function unavailable(op: string, context: FunctionContext): Error {
  const known =
    op in DATABASE_CALLS ||
    op in DATABASE_SYNC_CALLS ||
    op in TRANSACTION_CALLS ||
    op in ACTION_CALLS;
  return known
    ? new Error(`${op} is not available in ${context.kind} ${context.path}.`)
    : unsupported(`The system call ${op} (made by ${context.path})`);
}

/**
 * Installs the door. Another one (convex-test sets its own) stays in use for
 * code that runs outside this backend's functions.
 */
export function installDoor(): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "Convex");
  if (descriptor?.get !== undefined) return;
  let other: unknown = descriptor?.value;
  Object.defineProperty(globalThis, "Convex", {
    configurable: true,
    get: () => (currentContext() === undefined ? other : door),
    set: (value: unknown) => (other = value),
  });
}
