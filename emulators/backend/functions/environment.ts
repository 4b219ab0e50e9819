import { format } from "node:util";
import type { Clock } from "../clock";
import { currentContext, isTransaction, type FunctionContext } from "./context";
import { installDoor } from "./syscalls";

let installed = false;

/**
 * Makes the process's globals behave inside functions as they do in Convex:
 * in queries and mutations time stands still, randomness is seeded, and there
 * is neither fetch nor timer. Outside of functions nothing changes.
 *
 * The process is shared, so this tells by the calling function's async
 * context, not by swapping globals in and out.
 */
export function installEnvironment(): void {
  if (installed) return;
  installed = true;
  installDoor();
  installTime();
  installRandomness();
  installTimers();
  installConsole();
}

function installTime(): void {
  const RealDate = Date;
  const realNow = RealDate.now.bind(RealDate);
  const nowHere = (): number | null => {
    const context = currentContext();
    if (context === undefined) return null;
    if (isTransaction(context)) return context.now;
    return context.runtime.clock.real ? null : context.runtime.clock.now();
  };
  RealDate.now = () => nowHere() ?? realNow();
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args: [], newTarget) {
      const now = args.length === 0 ? nowHere() : null;
      return Reflect.construct(
        target,
        now === null ? args : [now],
        newTarget,
      ) as Date;
    },
    apply: () => new Date().toString(),
  });
}

function installRandomness(): void {
  const realRandom = Math.random.bind(Math);
  const randomHere = () => currentContext()?.random ?? null;
  Math.random = () => randomHere()?.float() ?? realRandom();

  const realUuid = crypto.randomUUID.bind(crypto);
  const realValues = crypto.getRandomValues.bind(crypto);
  define(crypto, "randomUUID", () => randomHere()?.uuid() ?? realUuid());
  define(crypto, "getRandomValues", (array: Uint8Array<ArrayBuffer>) => {
    const random = randomHere();
    if (random === null) return realValues(array);
    random.fill(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return array;
  });
  const subtle = crypto.subtle as unknown as Record<string, Callable>;
  for (const name of ["generateKey", "sign", "encrypt", "decrypt"]) {
    const real = (subtle[name] as Callable).bind(crypto.subtle);
    define(crypto.subtle, name, (...args: never[]) => {
      refuseInTransaction(`crypto.subtle.${name}`);
      return real(...args);
    });
  }
}

type Callable = (...args: never[]) => unknown;

function installTimers(): void {
  const refused = ["fetch", "setInterval", "setImmediate"] as const;
  for (const name of refused) {
    const real = globalThis[name] as unknown as Callable;
    const wrapped = (...args: never[]) => {
      refuseInTransaction(`${name}()`);
      return real(...args);
    };
    define(globalThis, name, Object.assign(wrapped, real));
  }
  const realSetTimeout = globalThis.setTimeout as unknown as Callable;
  const realClearTimeout = globalThis.clearTimeout as unknown as Callable;
  const wrapped = (wake: Callable, ms?: number, ...args: never[]) => {
    refuseInTransaction("setTimeout()");
    const clock = virtualClock();
    if (clock === null) {
      return realSetTimeout(...([wake, ms, ...args] as never[]));
    }
    return new VirtualTimeout(clock.after(ms ?? 0, () => wake(...args)));
  };
  define(globalThis, "setTimeout", Object.assign(wrapped, realSetTimeout));
  define(globalThis, "clearTimeout", (timer: unknown) => {
    if (timer instanceof VirtualTimeout) timer.cancel();
    else realClearTimeout(...([timer] as never[]));
  });
}

/** What setTimeout answers to an action whose clock is virtual. */
class VirtualTimeout {
  constructor(readonly cancel: () => void) {}
  ref = () => this;
  unref = () => this;
  hasRef = () => true;
}

function virtualClock(): Clock | null {
  const clock = currentContext()?.runtime.clock;
  return clock === undefined || clock.real ? null : clock;
}

function refuseInTransaction(what: string): void {
  const context = currentContext();
  if (context !== undefined && isTransaction(context)) {
    throw new Error(
      `Can't use ${what} in queries and mutations (${context.path}). Consider ` +
        `using an action: see https://docs.convex.dev/functions/actions.`,
    );
  }
}

/** A function's console lines go to stderr, under its name, and never to clients. */
function installConsole(): void {
  for (const level of ["debug", "log", "info", "warn", "error"] as const) {
    const real = console[level].bind(console);
    console[level] = (...args: unknown[]) => {
      const context = currentContext();
      if (context === undefined) real(...args);
      else
        process.stderr.write(
          `${labelOf(context)} [${level}] ${format(...args)}\n`,
        );
    };
  }
}

const LETTER = { query: "Q", mutation: "M", action: "A", http: "H" } as const;

export function labelOf(
  context: Pick<FunctionContext, "kind" | "path">,
): string {
  return `[${LETTER[context.kind]}(${context.path})]`;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: true,
  });
}
