import { getFunctionName, mutationGeneric } from "convex/server";
import {
  ConvexError,
  convexToJson,
  jsonToConvex,
  type Value,
} from "convex/values";
import { identityFromAttributes } from "./auth/identity";
import { FunctionError } from "./functions/failure";
import type {
  RegisteredFunction,
  ResolvedFunction,
} from "./functions/registry";
import { ownRequest } from "./functions/request";
import type { Call, Runtime } from "./functions/runtime";
import type {
  AnyFunction,
  AnyMutationCtx,
  Backend,
  RunOptions,
} from "./options";
import type { Json } from "./values/json";

/** The door into the backend for code of the same process. */
export function inProcess(
  runtime: Runtime,
): Pick<Backend, "run" | "transaction"> {
  return {
    async run(fn, args = {}, options = {}) {
      const call = callOf(
        runtime.registry.get(nameOf(fn)),
        convexToJson(args) as Json,
        options,
      );
      return decoded(async () => {
        if (call.fn.kind === "query") return runtime.queryOnce(call);
        if (call.fn.kind === "action") return runtime.action(call);
        return (await runtime.mutation(call)).json;
      });
    },

    async transaction<T>(
      handler: (ctx: AnyMutationCtx) => Promise<T>,
      options: RunOptions = {},
    ): Promise<T> {
      const call = callOf(inline(handler), {}, options);
      return (await decoded(async () => {
        const done = await runtime.mutation(call);
        return done.json;
      })) as T;
    },
  };
}

function nameOf(fn: AnyFunction): string {
  return typeof fn === "string" ? fn : getFunctionName(fn);
}

function inline(
  handler: (ctx: AnyMutationCtx) => Promise<unknown>,
): ResolvedFunction {
  const mutation = mutationGeneric({
    handler: handler as (ctx: unknown) => Promise<unknown>,
  });
  return {
    component: "",
    path: "inline:transaction",
    kind: "mutation",
    public: false,
    args: { type: "any" },
    returns: null,
    implementation: mutation as unknown as RegisteredFunction,
  };
}

function callOf(fn: ResolvedFunction, args: Json, options: RunOptions): Call {
  const { identity } = options;
  return {
    fn,
    args,
    identity: identity === undefined ? null : identityFromAttributes(identity),
    request: ownRequest(),
  };
}

async function decoded(work: () => Promise<string>): Promise<Value> {
  try {
    return jsonToConvex(
      JSON.parse(await work()) as Parameters<typeof jsonToConvex>[0],
    );
  } catch (thrown) {
    if (thrown instanceof FunctionError && thrown.failure.data !== undefined) {
      const { data } = thrown.failure;
      throw new ConvexError(
        jsonToConvex(data as Parameters<typeof jsonToConvex>[0]),
      );
    }
    throw thrown;
  }
}
