import { cancelJob, milliseconds, scheduleJob } from "../schedule/jobs";
import type { Json } from "../values/json";
import { calledFunction } from "./address";
import type { ActionContext } from "./context";
import { CalleeError } from "./failure";
import type { FunctionKind } from "./registry";
import { callFrom, type Call } from "./runtime";
import type { Args, Calls } from "./syscalls";

/** What actions and HTTP actions can do: run other functions, each on its own. */
export const ACTION_CALLS: Calls<ActionContext> = {
  "1.0/actions/query": (context, args) =>
    asCaller(() => context.runtime.queryOnce(call(context, args, "query"))),

  "1.0/actions/mutation": (context, args) =>
    asCaller(async () => {
      const done = await context.runtime.mutation(
        call(context, args, "mutation"),
      );
      return done.json;
    }),

  "1.0/actions/action": (context, args) =>
    asCaller(() => context.runtime.action(call(context, args, "action"))),

  "1.0/actions/schedule": async (context, args) => {
    const { runtime } = context;
    const { result } = await runtime.transact((scope) =>
      scheduleJob(runtime, scope, {
        from: context.component,
        fn: calledFunction(context, args),
        args: args["args"] as Json,
        atMs: milliseconds(args["ts"] as number),
      }),
    );
    return JSON.stringify(result);
  },

  "1.0/actions/cancel_job": async (context, args) => {
    const { runtime } = context;
    await runtime.transact((scope) =>
      cancelJob(runtime, scope, context.component, args["id"] as string),
    );
    return "{}";
  },
};

function call(context: ActionContext, args: Args, kind: FunctionKind): Call {
  const fn = calledFunction(context, args, kind);
  return callFrom(context, fn, args["args"] as Json);
}

async function asCaller(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (thrown) {
    throw new CalleeError(thrown);
  }
}
