import type { RegisteredMutation, RegisteredQuery } from "convex/server";
import {
  convexToJson,
  jsonToConvex,
  v,
  type GenericValidator,
  type Infer,
  type ObjectType,
  type PropertyValidators,
  type Value,
} from "convex/values";
import { asOwner, requireUser } from "./access";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server";
import { replay, remember, once, type Once } from "./idempotency";
import { limitKept, mayKeep } from "./limits";
import type { Scope } from "./model/scopes";

/**
 * Builders for the functions programs may call too. Made with them, a function
 * takes a personal token as the argument `token` and runs in the name of its
 * owner, if the token has the scope the function names. The few that take a token
 * without them judge it themselves. See docs/decisions/006-personal-tokens.md.
 */

type Definition<
  Ctx,
  Args extends PropertyValidators,
  Returns extends GenericValidator,
> = {
  /** Of several, one is enough. */
  scope: Scope | readonly Scope[];
  args: Args;
  returns: Returns;
  handler: (ctx: Ctx, args: ObjectType<Args>) => Promise<Infer<Returns>>;
  /**
   * Of a mutation that may join what is under way, which nothing limits, keyed or
   * not: whether the answer says so. Such answers are kept while there is room.
   */
  joins?: (answer: Infer<Returns>) => boolean;
};

type WithToken<Args extends PropertyValidators> = ObjectType<Args> & {
  token?: string;
};

const token = v.optional(v.string());

/** A public query, for people and for personal tokens with `scope`. */
export function userQuery<
  Args extends PropertyValidators,
  Returns extends GenericValidator,
>({
  scope,
  args,
  returns,
  handler,
}: Definition<QueryCtx, Args, Returns>): RegisteredQuery<
  "public",
  WithToken<Args>,
  Promise<Infer<Returns>>
> {
  const definition = {
    args: { ...args, token },
    returns,
    handler: async (ctx: QueryCtx, given: WithToken<Args>) => {
      // What is left are the function's own arguments, which the compiler cannot
      // tell of a generic type.
      const { token: secret, ...rest } = given;
      const owner = await asOwner(ctx, secret, scope);
      return await handler(owner, rest as unknown as ObjectType<Args>);
    },
  };
  // The library cannot tell the types of a function whose arguments are generic.
  return query(definition as never);
}

/**
 * A public mutation, for people and for personal tokens with `scope`. With
 * `once` it runs at most once per (user, route, key): its answer is kept in the
 * same transaction and given again. Throws `idempotency_conflict`, `rate_limited`.
 */
export function userMutation<
  Args extends PropertyValidators,
  Returns extends GenericValidator,
>({
  scope,
  args,
  returns,
  handler,
  joins,
}: Definition<MutationCtx, Args, Returns>): RegisteredMutation<
  "public",
  WithToken<Args> & { once?: Once },
  Promise<Infer<Returns>>
> {
  const definition = {
    args: { ...args, token, once: v.optional(once) },
    returns,
    handler: async (
      ctx: MutationCtx,
      given: WithToken<Args> & { once?: Once },
    ): Promise<Infer<Returns>> => {
      const { token: secret, once: key, ...rest } = given;
      const owner = await asOwner(ctx, secret, scope, Date.now());
      // As above: the rest are the function's own arguments.
      const run = () => handler(owner, rest as unknown as ObjectType<Args>);
      if (!key) return await run();
      const user = await requireUser(owner);
      const before = await replay(owner, user._id, key, Date.now());
      if (before) return jsonToConvex(JSON.parse(before.answer));
      if (!joins) await limitKept(owner, user._id);
      const answer = await run();
      if (!joins?.(answer) || (await mayKeep(owner, user._id))) {
        const kept = JSON.stringify(convexToJson(answer as Value));
        await remember(owner, user._id, key, kept);
      }
      return answer;
    },
  };
  return mutation(definition as never); // as above
}
