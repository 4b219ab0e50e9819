import { ConvexHttpClient } from "convex/browser";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import { api } from "@convex/_generated/api";
import type { Scope } from "@convex/model/scopes";
import { serverEnvironment } from "./environment";
import { ApiError } from "./problem";
import { steadyFetch } from "./steady-fetch";

/**
 * Who asks: a person by the issuer's token, which the deployment checks for
 * every call, or a program by a personal token, which the functions take as an
 * argument (docs/decisions/006-personal-tokens.md).
 */
export type Credential = { kind: "issuer" | "personal"; token: string };

/** Functions made with userQuery or userMutation: they know personal tokens. */
type Query = FunctionReference<"query", "public", { token?: string }>;
type Mutation = FunctionReference<"mutation", "public", { token?: string }>;
/** Actions that ask a function that knows them, or whose they are. */
type Action = FunctionReference<"action", "public", { token?: string }>;
type Given<F extends FunctionReference<"query" | "mutation" | "action">> = Omit<
  FunctionArgs<F>,
  "token"
>;

/** The backend in the name of the caller. */
export type Backend = {
  /** Refuses a personal token without the scope, where no function would. */
  require(scope: Scope): Promise<void>;
  query<F extends Query>(
    query: F,
    args: Given<F>,
  ): Promise<FunctionReturnType<F>>;
  mutation<F extends Mutation>(
    mutation: F,
    args: Given<F>,
  ): Promise<FunctionReturnType<F>>;
  action<F extends Action>(
    action: F,
    args: Given<F>,
  ): Promise<FunctionReturnType<F>>;
};

export function backendAs({ kind, token }: Credential): Backend {
  const personal = kind === "personal";
  const clientOf = (repeatable: boolean) => {
    const client = anonymousBackend({ repeatable });
    if (!personal) client.setAuth(token);
    return client;
  };
  // Queries change nothing, and what the actions leave behind twice is not
  // missed once: a look at a repository, a ticket that nobody has.
  const client = clientOf(true);
  const add = personal ? { token } : {};
  return {
    require: async (scope) => {
      if (personal) await client.query(api.tokens.check, { token, scope });
    },
    query: <F extends Query>(query: F, args: Given<F>) =>
      client.query(query as FunctionReference<"query">, { ...args, ...add }),
    // Calls of one client wait for each other, which nothing here needs.
    mutation: <F extends Mutation>(mutation: F, args: Given<F>) =>
      (isOnce(args) ? client : clientOf(false)).mutation(
        mutation as FunctionReference<"mutation">,
        { ...args, ...add },
        { skipQueue: true },
      ),
    action: <F extends Action>(action: F, args: Given<F>) =>
      client.action(action as FunctionReference<"action">, {
        ...args,
        ...add,
      }),
  };
}

/** Whether a mutation knows by its arguments that it was done before. */
function isOnce(args: { once?: unknown; clientId?: unknown }): boolean {
  return args.once !== undefined || args.clientId !== undefined;
}

/** The backend, asked as nobody in particular; `repeatable` as in steadyFetch. */
export function anonymousBackend({ repeatable = true } = {}): ConvexHttpClient {
  return new ConvexHttpClient(serverEnvironment().convexUrl, {
    skipConvexDeploymentUrlCheck: true, // self-hosted and embedded addresses
    logger: false, // function logs may quote what a user sent
    fetch: ((input: string, init?: RequestInit) =>
      steadyFetch(input, init, { repeatable })) as typeof fetch,
  });
}

/** What personal tokens begin with; no issuer's token does, for those are JWTs. */
const PERSONAL = "slp_";

/**
 * The bearer token of a request. Whether it is any good is the backend's to say.
 *
 * @throws ApiError `not_signed_in` when there is none.
 */
export function credentialOf(request: Request): Credential {
  const header = request.headers.get("authorization") ?? "";
  const token = /^Bearer\s+([\w.~+/=-]+)$/i.exec(header.trim())?.[1];
  if (token) {
    return { kind: token.startsWith(PERSONAL) ? "personal" : "issuer", token };
  }
  throw new ApiError(
    "not_signed_in",
    "Send a token: Authorization: Bearer <token>.",
  );
}
